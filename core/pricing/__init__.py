"""Cost-based pricing: cost cards, promotion rules, landed prices, verdicts."""
