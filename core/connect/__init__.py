"""Sources from which the shop's figures come by themselves, and every kind of workbook by its name."""
