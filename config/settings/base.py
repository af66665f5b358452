"""What every environment shares. Secrets and places come from the environment, never from this file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import environ
from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

BASE_DIR = Path(__file__).resolve().parent.parent.parent
env = environ.Env()

VAR_DIR = Path(env.str("TRICHORA_VAR", str(BASE_DIR / "var")))

DEBUG = False
SECRET_KEY = env.str("TRICHORA_SECRET_KEY", "")
ALLOWED_HOSTS: list[str] = env.list("TRICHORA_HOSTS", default=[])
CSRF_TRUSTED_ORIGINS: list[str] = env.list("TRICHORA_ORIGINS", default=[])
PORTAL_ORIGIN = env.str("TRICHORA_ORIGIN", "http://127.0.0.1:8000")

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "crispy_forms",
    "crispy_bootstrap5",
    "csp",
    "django_htmx",
    "django_q",
    "encrypted_model_fields",
    "rest_framework",
    "drf_spectacular",
    "vault",
    "accounts",
    "patients",
    "analysis",
    "reviews",
    "reports",
    "care",
]

MIDDLEWARE = [
    "config.request_log.RequestLogMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.middleware.ActorMiddleware",
    "accounts.middleware.DomainErrorMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "care.context.navigation",
            ],
        },
    },
]

# --- data -----------------------------------------------------------------------------------------------------------
# Two databases: the portal's own, and the key store, which is not part of the data backup (docs/adr/0002).


def sqlite_database(path: Path) -> dict[str, Any]:
    """SQLite for several processes: WAL, immediate transactions, a busy timeout."""
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(path),
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        },
    }


def database(variable: str, path: Path) -> dict[str, Any]:
    """The database that ``variable`` names as an address, or the embedded SQLite file at ``path``."""
    address = env.str(variable, "")
    if not address:
        return sqlite_database(path)
    settings: dict[str, Any] = dict(env.db_url_config(address))
    settings.setdefault("CONN_HEALTH_CHECKS", True)
    settings.setdefault("CONN_MAX_AGE", 60)
    return settings


DATABASES = {
    "default": database("TRICHORA_DATABASE", VAR_DIR / "portal.sqlite3"),
    "keys": database("TRICHORA_KEY_STORE", VAR_DIR / "keys.sqlite3"),
}
DATABASE_ROUTERS = ["vault.router.KeyStoreRouter"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "portal_cache"},
    # django-q2 writes its own state here twice a second; nobody reads it, so it stays out of the database.
    "worker": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "worker"},
}

STORAGES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},  # nothing may be stored unsealed
    "sealed": {
        "BACKEND": "vault.storages.SealedFolderStorage",
        "OPTIONS": {"location": str(VAR_DIR / "sealed")},
    },
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
if env.str("TRICHORA_S3_BUCKET", ""):
    STORAGES["sealed"] = {
        "BACKEND": "vault.storages.SealedS3Storage",
        "OPTIONS": {
            "bucket_name": env.str("TRICHORA_S3_BUCKET"),
            "endpoint_url": env.str("TRICHORA_S3_ENDPOINT", "") or None,
            "region_name": env.str("TRICHORA_S3_REGION", "") or None,
            "access_key": env.str("TRICHORA_S3_ACCESS_KEY", "") or None,
            "secret_key": env.str("TRICHORA_S3_SECRET_KEY", "") or None,
            "default_acl": None,
            "querystring_auth": True,
            "file_overwrite": False,
        },
    }

# --- vault ----------------------------------------------------------------------------------------------------------
VAULT_MASTER_KEYS = env.str("TRICHORA_MASTER_KEYS", "")
VAULT_INDEX_KEY = env.str("TRICHORA_INDEX_KEY", "")
VAULT_LEDGER_PATH = Path(env.str("TRICHORA_ERASURE_LEDGER", str(VAR_DIR / "erasures.jsonl")))
VAULT_ALLOW_DEMO_KEYS = False
# django-encrypted-model-fields demands a Fernet key at import; sealed fields never use it (vault/fields.py).
FIELD_ENCRYPTION_KEY = "bm90LXVzZWQtYnktc2VhbGVkLWZpZWxkcy1hdC1hbGw="

# --- people ---------------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["accounts.standing.PortalBackend"]  # allauth's
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_REDIRECT_URL = "home"
LOGIN_URL = "account_login"
ACCOUNT_ADAPTER = "accounts.adapter.PortalAccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_CONFIRM_EMAIL_ON_GET = False
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
ACCOUNT_RATE_LIMITS = {"login_failed": "5/5m/key,30/5m/ip"}
ACCOUNT_EMAIL_SUBJECT_PREFIX = "[Trichora] "
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = False
MFA_TOTP_ISSUER = "Trichora"
STAFF_MFA_REQUIRED = env.bool("TRICHORA_STAFF_MFA", False)  # production: always
SESSION_ENGINE = "accounts.sessions"
SESSION_COOKIE_AGE = 60 * 60  # since the last use, give or take a minute
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"

# --- background work ------------------------------------------------------------------------------------------------
# django-q2 delivers at least once; the rows (Analysis, Report, ExportRequest) are the truth (docs/adr/0004).
TASK_TIMEOUT_S = 300
Q_CLUSTER: dict[str, Any] = {
    "name": "general",
    "orm": "default",
    "workers": env.int("TRICHORA_WORKERS", 1),
    "timeout": TASK_TIMEOUT_S,
    "retry": TASK_TIMEOUT_S + 120,
    "max_attempts": 3,
    "ack_failures": True,
    "poll": 1,
    "cache": "worker",
    "catch_up": False,
    "save_limit": 200,
    "label": "Background work",
    "ALT_CLUSTERS": {
        "gpu": {
            "name": "gpu",
            "orm": "default",
            "workers": env.int("TRICHORA_GPU_WORKERS", 1),
            "timeout": TASK_TIMEOUT_S,
            "retry": TASK_TIMEOUT_S + 120,
            "max_attempts": 3,
            "ack_failures": True,
            "poll": 0.5,
            "recycle": 200,
        },
    },
}
ANALYSIS_LEASE_S = env.int("TRICHORA_LEASE_S", 90)  # renewed three times per lease while a worker computes
ANALYSIS_MAX_ATTEMPTS = 3
ANALYSIS_OUTAGE_S = env.int("TRICHORA_OUTAGE_S", 120)  # how long a finished result waits for the database
ANALYSIS_STALLED_S = env.int("TRICHORA_STALLED_S", 300)  # waiting longer with nothing taken: the workers have stopped
ANALYSIS_BACKEND = env.str("TRICHORA_RUNTIME", "openvino")  # torch; auto: an NVIDIA card where there is one

# --- signatures under reports ---------------------------------------------------------------------------------------
# One PKCS#12 file a clinic, or default.p12 for all (docs/signing.md). Without one no report's PDF is issued.
SIGNING_FOLDER = Path(env.str("TRICHORA_SIGNING_FOLDER", str(VAR_DIR / "signing")))
SIGNING_PASSPHRASES: dict[str, str] = env.json("TRICHORA_SIGNING_PASSPHRASES", default={})  # by file name without .p12
SIGNING_TIMESTAMP_URL = env.str("TRICHORA_TIMESTAMP_URL", "")  # an RFC 3161 service
SIGNING_LONG_TERM = env.bool("TRICHORA_SIGNING_LONG_TERM", False)  # embed OCSP and CRL answers
SIGNING_DEMO_CERTIFICATES = False

# --- uploads --------------------------------------------------------------------------------------------------------
UPLOAD_MAX_BYTES = 50 * 1024 * 1024
UPLOAD_MAX_PIXELS = 60_000_000
UPLOAD_CHUNK_BYTES = 4 * 1024 * 1024
ATTACHMENT_MAX_BYTES = 15 * 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = 8 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]

# --- mail -----------------------------------------------------------------------------------------------------------
DEFAULT_FROM_EMAIL = env.str("TRICHORA_MAIL_FROM", "Trichora <no-reply@localhost>")
if env.str("TRICHORA_SMTP", ""):
    vars().update(env.email_url("TRICHORA_SMTP"))
else:
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = str(VAR_DIR / "mail")

# --- pages ----------------------------------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = ["config.formats"]  # English dates as the pages write them; other languages keep Django's
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
CRISPY_ALLOWED_TEMPLATE_PACKS = "bootstrap5"
CRISPY_TEMPLATE_PACK = "bootstrap5"

X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "blob:", "data:"],
        "connect-src": [SELF],
        "worker-src": [SELF, "blob:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    },
}

# --- API ------------------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["accounts.api_access.HasActor"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "EXCEPTION_HANDLER": "accounts.api.exception_handler",
    "DEFAULT_THROTTLE_CLASSES": [
        "rest_framework.throttling.AnonRateThrottle",
        "rest_framework.throttling.UserRateThrottle",
    ],
    "DEFAULT_THROTTLE_RATES": {
        "anon": env.str("TRICHORA_API_RATE_ANONYMOUS", "60/min"),
        "user": env.str("TRICHORA_API_RATE", "600/min"),
    },
    "NUM_PROXIES": env.int("TRICHORA_PROXIES", 0),
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Trichora API",
    "DESCRIPTION": (
        "Sessions, photos, analyses, reviews, reports and rights over them, through the same services as the pages: "
        "same permissions, same audit. Sign in on the portal; requests carry its session cookie, and those that change "
        "something the header X-CSRFToken. Every failure is {error: {code, message}}; lists come in pages by limit and "
        "offset. What a model says is for research use, and reaches a patient only in a signed report."
    ),
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "AnalysisStateEnum": "analysis.selectors.State",
        "IntakeSymptomEnum": "patients.api_record.SYMPTOMS",
        "RedFlagEnum": "care.api.messages.RED_FLAGS",
        "DemandEnum": "reviews.api.reads.DEMANDS",
        "ReadingStatusEnum": "reviews.api.reads.READ_STATES",
        "SessionStatusEnum": "patients.models.PhotoSession.Status",
        "ReviewStatusEnum": "reviews.models.ReviewStatus",
        "ExportStatusEnum": "reports.models.ExportRequest.Status",
        "ErasureStatusEnum": "reports.models.ErasureRequest.Status",
        "ThreadStatusEnum": "care.models.Thread.Status",
        "ConsultationStatusEnum": "care.models.Consultation.Status",
    },
}

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "config.request_log.JsonFormatter"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["console"], "level": env.str("TRICHORA_LOG_LEVEL", "INFO")},
}
