"""What a sheet leaves open and only its owner knows: which cell holds below, which column is the count, what one product is."""
