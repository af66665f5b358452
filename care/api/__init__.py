"""Messages and consultations over the API: the same services as the pages, the same permissions."""
