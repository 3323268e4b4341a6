"""Order lines: history for forecasts, customers and the review."""
