"""How prices, costs and promotions change: drafts, sheets, publication."""
