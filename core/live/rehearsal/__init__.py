"""A sale played before the sale: generator, player, replay of past minutes."""
