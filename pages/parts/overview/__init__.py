"""What the overview is made of."""
