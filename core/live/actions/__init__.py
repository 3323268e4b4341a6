"""What may be done in the sale: advice, decisions, their effects."""
