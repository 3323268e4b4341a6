"""Every department ready on the day: tasks, heads, shifts and bought advertising."""
