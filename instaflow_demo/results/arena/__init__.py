"""Blind comparisons: pairs of pictures, the votes on them, and the ratings that follow."""
