"""Plain functions that bring the portal into a state a test starts from."""
