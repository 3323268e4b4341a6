"""Pure: the statistics of experiments, from counts and sums; no person's row is needed."""
