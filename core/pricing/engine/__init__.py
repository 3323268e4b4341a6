"""Pure: promotions, landed and worst landed price, cost cards, verdicts."""
