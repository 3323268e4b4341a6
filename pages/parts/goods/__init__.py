"""Parts of the goods-structure page."""
