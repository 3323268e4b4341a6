"""The event ledger: what was sold, paid, refunded, and its recount."""
