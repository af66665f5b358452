"""WHO may act, and who did: users, clinics, memberships, roles, audit, privacy registry, notifications."""
