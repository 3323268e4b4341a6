"""Goods: the SKU master, suppliers, and each campaign's structure."""
