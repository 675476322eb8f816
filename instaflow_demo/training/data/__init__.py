"""The data: drawings of places and things, and the composer that makes pictures of them."""
