"""Who looks at a page and when: the context of a run, and the wrapper that asks again whatever runs later."""
