"""What people write into a cell, and the value it stands for: counts, amounts, rates, days, codes."""
