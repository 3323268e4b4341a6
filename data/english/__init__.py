"""The demo in English: the same shop, other names."""
