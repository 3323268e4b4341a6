"""After the sale: why it landed where it did, what comes back, and what the next one starts from."""
