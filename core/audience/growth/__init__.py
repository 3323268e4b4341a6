"""From the first visit to the recommendation: five stages with targets, gap and pace."""
