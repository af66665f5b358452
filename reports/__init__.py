"""WHAT leaves the building: signed reports, PDF, verification, export, erasure."""
