"""The UI script and what stands around every page: sign-in, guard, menu, campaign picker, error page."""
