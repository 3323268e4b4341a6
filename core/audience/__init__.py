"""Who buys: segments by recency, frequency and money, life cycle, cohorts, expected value."""
