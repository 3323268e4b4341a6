"""After the sale: returns by age, the load of the service desk, its cases, refunds at once."""
