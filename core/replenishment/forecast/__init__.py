"""Pure: the demand forecast of a sale by SKU."""
