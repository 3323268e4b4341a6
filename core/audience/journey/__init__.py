"""What buyers live through, in seven stages, each against the last sale."""
