"""What the review page is made of."""
