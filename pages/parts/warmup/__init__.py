"""Parts of the warm-up page."""
