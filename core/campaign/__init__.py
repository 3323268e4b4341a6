"""Campaigns, their phases, their target and its plan."""
