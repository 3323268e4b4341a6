"""Figures that come by themselves, row by row: a shop's own database that is polled, a shop system that calls."""
