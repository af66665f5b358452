"""Commands of the vault: make a master key, rotate, replay erasures."""
