"""What the demo's shop has behind it: made when it is loaded, kept in no folder."""
