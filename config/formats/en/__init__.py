"""English: as everywhere in the portal that names a format."""
