"""`make demo`: the whole kit in a few minutes."""
