"""The goods line-up of a campaign: structure with stock and figures beside it, tier suggestions, the attach
plan."""
