"""What comes back after the sale, at which price, and the one click that arranges it."""
