"""Shop systems that call: what their signed bodies say of order lines."""
