"""Events in: HTTP, files, sources, batches."""
