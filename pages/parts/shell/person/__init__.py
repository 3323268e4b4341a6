"""Who is here: the sign-in, and the address of their calendar."""
