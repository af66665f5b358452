"""Talk and time: messages between a patient and the care team, and consultations that are booked and held."""
