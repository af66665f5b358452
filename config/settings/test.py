"""The suite: SQLite in a temporary folder by default, PostgreSQL when ``TRICHORA_TEST_POSTGRES`` gives an address."""

from __future__ import annotations

import atexit
import base64
import shutil
import tempfile
from pathlib import Path

from .base import *  # noqa: F403
from .base import STORAGES, env, sqlite_database

_home = Path(tempfile.mkdtemp(prefix="trichora-test-"))
atexit.register(shutil.rmtree, _home, True)

SECRET_KEY = "test-only-" + "k" * 50
ALLOWED_HOSTS = ["*"]
VAULT_MASTER_KEYS = "test1:" + base64.b64encode(bytes(range(32))).decode()
VAULT_INDEX_KEY = base64.b64encode(bytes(range(32, 64))).decode()
VAULT_LEDGER_PATH = _home / "erasures.jsonl"
VAULT_ALLOW_DEMO_KEYS = True
SIGNING_FOLDER = _home / "signing"
SIGNING_DEMO_CERTIFICATES = True
STORAGES["sealed"]["OPTIONS"]["location"] = str(_home / "sealed")
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

_postgres = env.str("TRICHORA_TEST_POSTGRES", "")
if _postgres:
    DATABASES = {
        "default": env.db_url_config(_postgres + "/portal"),
        "keys": env.db_url_config(_postgres + "/portal_keys"),
    }
else:
    DATABASES = {
        "default": sqlite_database(_home / "portal.sqlite3"),
        "keys": sqlite_database(_home / "keys.sqlite3"),
    }
    for _alias in ("default", "keys"):
        DATABASES[_alias]["TEST"] = {"NAME": str(_home / f"test-{_alias}.sqlite3")}
STATIC_ROOT = _home / "static"
STATIC_ROOT.mkdir()
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True  # else every client of a test looks at all files anew
STAFF_MFA_REQUIRED = False
