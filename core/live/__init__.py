"""The live sale: events in, exactly once; the picture, the alerts and the acts that follow from them."""
