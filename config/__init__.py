"""Wiring of the portal: settings, addresses, health. No rules live here."""
