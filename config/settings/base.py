"""Every setting there is, each from the environment; `.env.example` explains them to operators.

Loading never fails for a missing variable, so that `manage.py up` and `manage.py help` work in an
empty environment; what a serving process can't do without is demanded by `vertexar.checks`.
"""

from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import django_stubs_ext
from celery.schedules import crontab
from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _
from redis.backoff import NoBackoff
from redis.retry import Retry

from config.env import BASE_DIR, env, home
from config.media_source import media_source
from config.settings.backups import *  # noqa: F403
from config.settings.backups import (
    BACKUP_BEAT_SCHEDULE,
    BACKUP_TASK_ANNOTATIONS,
    BACKUP_TASK_ROUTES,
)
from config.settings.observability import *  # noqa: F403
from config.settings.people import *  # noqa: F403
from config.settings.people import EMAIL_URL, SESSION_TIMEOUT

django_stubs_ext.monkeypatch()

VERTEXAR_HOME = home()

# --- What and where ---------------------------------------------------------------------------

SECRET_KEY = env.str("SECRET_KEY", "")
SECRET_KEY_FALLBACKS = env.str("SECRET_KEY_FALLBACKS", "").split()  # of before, still believed
PUBLIC_URL = env.str("PUBLIC_URL", "http://127.0.0.1:8000").rstrip("/")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[urlsplit(PUBLIC_URL).hostname or "localhost"])
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
IS_HTTPS = PUBLIC_URL.startswith("https://")

INSTALLED_APPS = [
    "config.apps.BackOfficeConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "config.apps.StaticConfig",
    "corsheaders",
    "csp",
    "axes",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_email",
    "allauth.account",  # tables that the next one needs; none of its pages
    "allauth.socialaccount",
    "allauth.socialaccount.providers.google",
    "allauth.socialaccount.providers.github",
    "allauth.socialaccount.providers.openid_connect",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "vertexar",
    "accounts",
    "markers",
    "arcontent",
    "backups",
]

MIDDLEWARE = [
    "vertexar.request_id.RequestIdMiddleware",
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "vertexar.client.ClientMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "vertexar.headers.PermissionsPolicyMiddleware",
    "vertexar.headers.ResourcePolicyMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "vertexar.throttles.RateLimitMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "axes.middleware.AxesMiddleware",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# Proxies in front of us that add to X-Forwarded-For, each of them ours.
NUM_PROXIES = env.int("NUM_PROXIES", 0)

# --- Database ---------------------------------------------------------------------------------

_DATABASE = env.db_url("DATABASE_URL", default="postgresql://localhost/vertexar")
DATABASES = {
    "default": _DATABASE
    | {
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        # Seconds: `/health/ready` must say that a server is mute before whoever asks gives up.
        "OPTIONS": {"connect_timeout": 3} | _DATABASE.get("OPTIONS", {}),
    },
}
# How long a migration waits for a table that others use, while all who come later wait behind it.
MIGRATION_LOCK_SECONDS = env.float("MIGRATION_LOCK_SECONDS", 5.0)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Browser ----------------------------------------------------------------------------------

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = IS_HTTPS
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if IS_HTTPS else "http"  # of where providers send back to

# Where media live on another host (S3, a CDN), pages may load pictures and videos from our bucket
# there, and from no other.
AWS_S3_CUSTOM_DOMAIN = env.str("AWS_S3_CUSTOM_DOMAIN", "") or None
AWS_S3_ENDPOINT_URL = env.str("AWS_S3_ENDPOINT_URL", "") or None
AWS_STORAGE_BUCKET_NAME = env.str("AWS_STORAGE_BUCKET_NAME", "")
MEDIA_SOURCES = [
    media_source(
        bucket=AWS_STORAGE_BUCKET_NAME,
        endpoint_url=AWS_S3_ENDPOINT_URL or "",
        custom_domain=AWS_S3_CUSTOM_DOMAIN or "",
    )
] * bool(AWS_STORAGE_BUCKET_NAME)

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "base-uri": [NONE],
        "connect-src": [SELF, *MEDIA_SOURCES],
        "font-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "img-src": [SELF, "data:", *MEDIA_SOURCES],
        "media-src": [SELF, *MEDIA_SOURCES],
        "script-src": [SELF],
        "style-src": [SELF],
    },
}
X_FRAME_OPTIONS = "DENY"
# On plain http browsers take no notice of it but to complain.
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin" if IS_HTTPS else None
SECURE_REFERRER_POLICY = "strict-origin-when-cross-origin"
# Once a browser has seen it, it asks by https alone for so long.
SECURE_HSTS_SECONDS = env.int("HSTS_SECONDS", 31_536_000) if IS_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = IS_HTTPS
SECURE_HSTS_PRELOAD = env.bool("HSTS_PRELOAD", False)
SECURE_SSL_REDIRECT = IS_HTTPS and env.bool("SSL_REDIRECT", True)
SECURE_REDIRECT_EXEMPT = [r"^health(/|$)", r"^metrics$"]  # asked by machines from within
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if NUM_PROXIES else None
# Asking browsers' makers to know it beforehand can't be taken back: a choice, not a default.
SILENCED_SYSTEM_CHECKS = ["security.W021"]
# Pages of other hosts whose scripts may call the API. They send a token, never a cookie.
CORS_ALLOWED_ORIGINS = env.list("CORS_ORIGINS", default=[])
CORS_URLS_REGEX = r"^/api/"
CORS_ALLOW_CREDENTIALS = False
CORS_EXPOSE_HEADERS = ["X-Request-ID", "Retry-After", "RateLimit", "RateLimit-Policy"]

# --- API --------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.api.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PARSER_CLASSES": ["vertexar.api.parsers.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PAGINATION_CLASS": "vertexar.api.pagination.Pages",
    "DEFAULT_THROTTLE_CLASSES": [
        "vertexar.throttles.GlobalThrottle",
        "vertexar.throttles.UploadThrottle",
    ],
    "DEFAULT_SCHEMA_CLASS": "vertexar.api.schema.ProblemSchema",
    "EXCEPTION_HANDLER": "vertexar.api.problems.problem_handler",
    "ALLOWED_VERSIONS": ["1"],  # what `schema?version=` may say; it would go into a header
}
# Rates: a number of requests in a sec, min, hour or day.
RATE_LIMIT_ENABLED = env.bool("RATE_LIMIT_ENABLED", True)
AUTH_RATE_LIMIT = env.str("AUTH_RATE_LIMIT", "5/min")
UPLOAD_RATE_LIMIT = env.str("UPLOAD_RATE_LIMIT", "10/min")
GLOBAL_RATE_LIMIT = env.str("GLOBAL_RATE_LIMIT", "100/min")
VIEWER_RATE_LIMIT = env.str("VIEWER_RATE_LIMIT", "3000/min")
# Mails that anybody can have sent to an address, and as many with codes to sign in.
MAILS_PER_HOUR = env.int("MAILS_PER_HOUR", 5)
SIMPLE_JWT = {
    "ACCESS_TOKEN_LIFETIME": SESSION_TIMEOUT,
    "REFRESH_TOKEN_LIFETIME": timedelta(days=env.int("REFRESH_DAYS", 14)),
    "ALGORITHM": "ES256",  # keys are chosen by accounts.tokens
    "AUTH_TOKEN_CLASSES": ["accounts.tokens.AccessToken"],
    "ISSUER": PUBLIC_URL,
}
JWT_KEYS_DIR = Path(env.str("JWT_KEYS_DIR", "") or VERTEXAR_HOME / "jwt-keys")
JWT_PRIVATE_KEYS = env.str("JWT_PRIVATE_KEYS", "", multiline=True)
SPECTACULAR_SETTINGS = {
    "TITLE": "Vertex AR",
    "DESCRIPTION": "A printed picture comes alive.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.1",
    "SERVE_INCLUDE_SCHEMA": False,
    "COMPONENT_SPLIT_REQUEST": True,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "ENUM_NAME_OVERRIDES": {
        "ContentStatusEnum": "arcontent.models.ContentStatus",
        "MarkerStatusEnum": "markers.models.Marker.Status",
        "VideoStatusEnum": "arcontent.models.Video.Status",
    },
}

# --- Files ------------------------------------------------------------------------------------

STATIC_URL = "static/"
STATIC_ROOT = Path(env.str("STATIC_ROOT", str(VERTEXAR_HOME / "static")))
MEDIA_URL = "media/"
MEDIA_ROOT = Path(env.str("MEDIA_ROOT", str(VERTEXAR_HOME / "media")))
WHITENOISE_MAX_AGE = 3600  # files without a hash in their name; hashed ones are for ever
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = ("png", "jpg", "ico", "gif", "woff2", "gz", "br", "map")

STORAGES = {
    "default": {
        "BACKEND": "vertexar.object_storage.ObjectStorage",
        "OPTIONS": {
            "bucket_name": AWS_STORAGE_BUCKET_NAME,
            "access_key": env.str("AWS_ACCESS_KEY_ID", "") or None,
            "secret_key": env.str("AWS_SECRET_ACCESS_KEY", "") or None,
            "security_token": env.str("AWS_SESSION_TOKEN", "") or None,
            "region_name": env.str("AWS_S3_REGION_NAME", "") or None,
            "endpoint_url": AWS_S3_ENDPOINT_URL,
            "custom_domain": AWS_S3_CUSTOM_DOMAIN,
            "querystring_auth": AWS_S3_CUSTOM_DOMAIN is None,  # signed, unless a CDN is in front
            "querystring_expire": 24 * 3600,
            "file_overwrite": True,  # names are hashes of the content: same name, same bytes
            "object_parameters": {"CacheControl": "public, max-age=31536000, immutable"},
            "signature_version": "s3v4",
        },
    }
    if AWS_STORAGE_BUCKET_NAME
    else {"BACKEND": "vertexar.storage.LocalStorage"},
    "staticfiles": {
        "BACKEND": "vertexar.storage.HashedStaticStorage",
        "OPTIONS": {
            "minified": ["accounts/", "arcontent/"],
            "joined": ["arcontent/engine/worker.js", "arcontent/viewer/page.js"],
        },
    },
}
FILE_UPLOAD_HANDLERS = ["vertexar.uploads.DiskUploadHandler"]  # nothing is held in memory whole
FILE_UPLOAD_PERMISSIONS = 0o640

PICTURE_MAX_BYTES = env.int("PICTURE_MAX_BYTES", 50_000_000)
PICTURE_MAX_PIXELS = env.int("PICTURE_MAX_PIXELS", 50_000_000)
PICTURE_BATCH_MAX_PIXELS = env.int("PICTURE_BATCH_MAX_PIXELS", 500_000_000)
VIDEO_MAX_BYTES = env.int("VIDEO_MAX_BYTES", 500_000_000)
VIDEO_MAX_SECONDS = env.int("VIDEO_MAX_SECONDS", 300)
UPLOAD_MAX_BYTES = PICTURE_MAX_BYTES + VIDEO_MAX_BYTES + 1_000_000  # and the form around them

# --- Mail -------------------------------------------------------------------------------------

# Without a server mails go to the worker's log.
locals().update(env.email_url_config(EMAIL_URL or "consolemail://"))
EMAIL_TIMEOUT = 15  # seconds
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.str("DEFAULT_FROM_EMAIL", "Vertex AR <noreply@localhost>")

# --- Work in the background -------------------------------------------------------------------

REDIS_URL = env.str("REDIS_URL", "redis://127.0.0.1:6379/0")
LEASE_SECONDS = env.int("LEASE_SECONDS", 60)
MAX_ATTEMPTS = env.int("MAX_ATTEMPTS", 3)
TASK_SECONDS = env.int("TASK_SECONDS", 540)
SWEEP_SECONDS = env.int("SWEEP_SECONDS", 30)
COMPILE_SECONDS = min(env.int("COMPILE_SECONDS", 120), TASK_SECONDS)
COMPILE_MEMORY_MB = env.int("COMPILE_MEMORY_MB", 1024)

CACHES = {
    "default": {
        "BACKEND": "vertexar.cache.CountedCache",
        "LOCATION": [REDIS_URL],
        "KEY_PREFIX": "cache",
        "OPTIONS": {
            "socket_connect_timeout": 0.3,  # seconds: a request must not wait for a count
            "socket_timeout": 0.3,
            "retry": Retry(NoBackoff(), 1),  # one: a connection kept from before may be dead
        },
    },
}

CELERY_BROKER_URL = REDIS_URL
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": TASK_SECONDS + 120,
    "socket_connect_timeout": 2,
    "socket_timeout": 10,  # a worker's own reads wait a second at most
}
CELERY_TASK_PUBLISH_RETRY = False  # an upload must not hang on the broker: the sweep sends later
CELERY_TASK_IGNORE_RESULT = True  # the row says how it went
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
# soft < hard < visibility timeout, or a running task is delivered a second time
CELERY_TASK_SOFT_TIME_LIMIT = TASK_SECONDS
CELERY_TASK_TIME_LIMIT = TASK_SECONDS + 60
CELERY_TASK_ANNOTATIONS = {
    task: {"soft_time_limit": COMPILE_SECONDS, "time_limit": COMPILE_SECONDS + 30}
    for task in ("markers.tasks.compile_marker", "markers.tasks.find_look_alikes")
} | BACKUP_TASK_ANNOTATIONS
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
# A process that leaks is replaced between two tasks.
CELERY_WORKER_MAX_TASKS_PER_CHILD = 200
CELERY_WORKER_MAX_MEMORY_PER_CHILD = COMPILE_MEMORY_MB * 1024  # kB at its peak
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_ROUTES = {
    "markers.tasks.compile_marker": {"queue": "compile"},
    "markers.tasks.find_look_alikes": {"queue": "compile"},
    "markers.tasks.compare_left_out_markers": {"queue": "compile"},  # which has OpenCV loaded
    "arcontent.tasks.prepare_video": {"queue": "media"},
    **BACKUP_TASK_ROUTES,
}
CELERY_BEAT_SCHEDULE = {
    name: {"task": task, "schedule": SWEEP_SECONDS, "options": {"expires": SWEEP_SECONDS}}
    for name, task in {
        "compare-left-out-markers": "markers.tasks.compare_left_out_markers",
        "requeue-lost-markers": "markers.tasks.requeue_lost_markers",
        "requeue-lost-videos": "arcontent.tasks.requeue_lost_videos",
        "requeue-lost-backups": "backups.tasks.requeue_lost_backups",
    }.items()
} | {
    **BACKUP_BEAT_SCHEDULE,
    "forget-what-is-old": {
        "task": "accounts.tasks.forget_what_is_old",
        "schedule": crontab(hour=3, minute=17),
    },
    "drop-unconfirmed": {
        "task": "accounts.tasks.drop_unconfirmed",
        "schedule": crontab(minute=29),
    },
}

# --- Language, time --------------------------------------------------------------------------

TIME_ZONE = CELERY_TIMEZONE = env.str("TIME_ZONE", "UTC")
LANGUAGE_CODE = env.str("LANGUAGE_CODE", "en")
LANGUAGES = [("en", _("English")), ("ru", _("Russian"))]
LOCALE_PATHS = [BASE_DIR / "config" / "locale"]
USE_TZ = True
