"""Experiments: ideas scored and voted on, hypotheses hung on the target's factors, tests judged, learnings kept."""
