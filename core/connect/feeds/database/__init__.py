"""Shops' own databases: read and never written, page by page."""
