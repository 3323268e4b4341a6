"""Stock truth: an append-only ledger, the positions that are its sums, counts."""
