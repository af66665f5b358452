"""Pages of this room: registration, record, consents, intake, sessions, photos, uploads, consent texts."""
