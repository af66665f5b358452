"""Frozen view data of this room's pages."""
