"""Flash-sale sessions: planned, locked, drawn from, closed."""
