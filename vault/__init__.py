"""The lowest room: patient keys and their erasure, sealed fields and files, the blind index, key rotation."""
