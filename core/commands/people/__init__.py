"""Commands on people: the audience, lists to reach them by, one person's erasure."""
