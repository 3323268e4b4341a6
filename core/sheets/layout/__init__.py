"""How a sheet is laid out: its header rows, its rows of data, columns that are parts of one count, and what stands beside the figures."""
