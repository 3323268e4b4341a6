"""Parts of the pricing page."""
