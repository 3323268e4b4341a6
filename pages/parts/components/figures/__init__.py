"""Figures that stand on many pages: the ladder of demand, the time to go."""
