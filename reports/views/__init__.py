"""Pages of this room: documents (home, sign, report, verify) and rights (export, erasure, requests)."""
