"""Parts of the target page."""
