"""Who the people are, by keyed hash alone: records, memberships, invites, and the structure that they make up."""
