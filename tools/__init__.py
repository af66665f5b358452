"""What builders of the portal run: a throw-away PostgreSQL, the checks, the lock of dependencies."""
