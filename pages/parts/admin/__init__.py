"""Parts of the administration page."""
