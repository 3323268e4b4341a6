"""Parts of the live page and the wall."""
