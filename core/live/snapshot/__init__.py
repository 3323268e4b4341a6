"""The picture of one minute: rollups read, pace, forecast to close, gap factors."""
