"""Where the campaign stands and what to do first: every room's answer on one page."""
