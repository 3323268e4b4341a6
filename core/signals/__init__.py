"""Daily figures of a SKU, whatever report or event they came from."""
