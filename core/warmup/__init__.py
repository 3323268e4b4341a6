"""The weeks before the opening: signals, deposits, flash-sale sessions, page labels, old customers."""
