"""One thin screen a file: load, show, act."""
