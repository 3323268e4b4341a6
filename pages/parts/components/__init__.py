"""What every page is drawn with: words, tables, cards, charts, editing, address."""
