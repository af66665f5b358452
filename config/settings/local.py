"""The demo on one machine: SQLite, local files, mail to files, keys made on first start (``config.demo_keys``)."""

from __future__ import annotations

from config.demo_keys import load_or_make_keys

from .base import *  # noqa: F403
from .base import VAR_DIR

STATIC_ROOT = VAR_DIR / "static"
STATIC_ROOT.mkdir(parents=True, exist_ok=True)
WHITENOISE_USE_FINDERS = True

_keys = load_or_make_keys(VAR_DIR / "demo-keys.json")
SECRET_KEY = _keys.secret_key
VAULT_MASTER_KEYS = _keys.master_keys
VAULT_INDEX_KEY = _keys.index_key
VAULT_ALLOW_DEMO_KEYS = True
SIGNING_DEMO_CERTIFICATES = True
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]"]
