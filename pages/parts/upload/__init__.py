"""The one import flow on the screen."""
