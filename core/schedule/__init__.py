"""The house's own jobs as a person sees them: when each runs next, when it ran last, and what came of it."""
