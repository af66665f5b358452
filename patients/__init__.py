"""WHOSE data: patients, access, consent, intake, photo sessions and photos."""
