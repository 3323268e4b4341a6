"""The shop's truth: goods, stock, prices, campaigns. Knows no screen."""
