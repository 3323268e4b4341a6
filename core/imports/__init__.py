"""Workbooks coming in: read, checked, compared, committed whole or not at all, and taken back."""
