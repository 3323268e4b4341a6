"""The calendar of notices, posts, lives, pushes and messages, each tied to what came of it."""
