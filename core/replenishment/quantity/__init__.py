"""Pure: how much to order, and why."""
