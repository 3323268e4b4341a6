"""Where the campaign stands and what to do first: every package's answer on one page."""
