"""Member levels: thresholds, benefits, what a change of them costs, and who is near the next one."""
