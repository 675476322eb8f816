"""What the page shows, as HTML: pure functions of what has happened so far."""
