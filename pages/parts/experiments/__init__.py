"""What the experiments page is made of."""
