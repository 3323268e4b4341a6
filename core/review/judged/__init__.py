"""What was decided against what came, area by area."""
