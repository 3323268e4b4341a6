"""Replenishment: what the sale will ask for, how much of it to order, and why."""
