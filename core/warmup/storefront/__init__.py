"""What the shop front says of each SKU at a minute: labels, marks, prices."""
