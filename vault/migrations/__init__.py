"""Migrations of the vault; the router sends the key store's tables to the alias ``keys`` alone."""
