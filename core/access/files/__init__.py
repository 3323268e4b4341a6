"""Files that belong to one person: put into a page, or made for a download."""
