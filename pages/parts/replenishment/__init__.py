"""Parts of the replenishment page."""
