"""A clinic's portal: everything secret or local comes from the environment, and a missing value stops the start."""

from __future__ import annotations

from .base import *  # noqa: F403
from .base import REST_FRAMEWORK, STORAGES, env

SECRET_KEY = env.str("TRICHORA_SECRET_KEY")
ALLOWED_HOSTS = env.list("TRICHORA_HOSTS")
PORTAL_ORIGIN = env.str("TRICHORA_ORIGIN")
CSRF_TRUSTED_ORIGINS = [PORTAL_ORIGIN]
DATABASES = {
    "default": {**env.db_url("TRICHORA_DATABASE"), "CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True},
    "keys": {**env.db_url("TRICHORA_KEY_STORE"), "CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True},
}
STORAGES["staticfiles"] = {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"}

SECURE_SSL_REDIRECT = env.bool("TRICHORA_SSL_REDIRECT", True)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = 31_536_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
STAFF_MFA_REQUIRED = True
# How many proxies stand in front: rate limits count visitors by the address that the last of them saw.
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("TRICHORA_PROXIES", 1)
REST_FRAMEWORK["NUM_PROXIES"] = ALLAUTH_TRUSTED_PROXY_COUNT
