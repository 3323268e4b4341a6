"""The demo's workbooks and the scripts that make them."""
