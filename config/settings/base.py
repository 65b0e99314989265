"""Every setting there is, each from the environment; `.env.example` explains them to operators.

Loading never fails for a missing variable, so that `manage.py up` and `manage.py help` work in an
empty environment; what a serving process can't do without is demanded by `vertexar.checks`.
"""

from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import django_stubs_ext
from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from config.env import BASE_DIR, env, home

django_stubs_ext.monkeypatch()

VERTEXAR_HOME = home()

# --- What and where ---------------------------------------------------------------------------

DEBUG = env.bool("DEBUG", False)
SECRET_KEY = env.str("SECRET_KEY", "")
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
    "csp",
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
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "vertexar.headers.PermissionsPolicyMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
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

# --- Database ---------------------------------------------------------------------------------

DATABASES = {
    "default": env.db_url("DATABASE_URL", default="postgresql://localhost/vertexar")
    | {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True},
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Who --------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
# The administrator that `manage.py create_admin` makes at first start.
ADMIN_USERNAME = env.str("ADMIN_USERNAME", "admin")
ADMIN_PASSWORD = env.str("ADMIN_PASSWORD", "")
ADMIN_EMAIL = env.str("ADMIN_EMAIL", "")

SESSION_TIMEOUT = timedelta(minutes=env.int("SESSION_TIMEOUT_MINUTES", 30))
SESSION_COOKIE_AGE = int(SESSION_TIMEOUT.total_seconds())
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = IS_HTTPS
CSRF_COOKIE_HTTPONLY = True

# --- Browser ----------------------------------------------------------------------------------

# Where media live on another host (S3, a CDN), pages may load pictures and videos from there.
AWS_S3_CUSTOM_DOMAIN = env.str("AWS_S3_CUSTOM_DOMAIN", "") or None
AWS_S3_ENDPOINT_URL = env.str("AWS_S3_ENDPOINT_URL", "") or None
AWS_STORAGE_BUCKET_NAME = env.str("AWS_STORAGE_BUCKET_NAME", "")
MEDIA_HOSTS = (
    [f"https://{AWS_S3_CUSTOM_DOMAIN}"]
    if AWS_S3_CUSTOM_DOMAIN
    else [AWS_S3_ENDPOINT_URL or f"https://{AWS_STORAGE_BUCKET_NAME}.s3.amazonaws.com"]
) * bool(AWS_STORAGE_BUCKET_NAME)

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "base-uri": [NONE],
        "connect-src": [SELF, *MEDIA_HOSTS],
        "font-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "img-src": [SELF, "data:", *MEDIA_HOSTS],
        "media-src": [SELF, *MEDIA_HOSTS],
        "script-src": [SELF],
        "style-src": [SELF],
    },
}
X_FRAME_OPTIONS = "DENY"
# On plain http browsers take no notice of it but to complain.
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin" if IS_HTTPS else None
SECURE_REFERRER_POLICY = "strict-origin-when-cross-origin"

# --- API --------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "rest_framework_simplejwt.authentication.JWTAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PARSER_CLASSES": ["vertexar.api.parsers.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PAGINATION_CLASS": "vertexar.api.pagination.Pages",
    "DEFAULT_SCHEMA_CLASS": "vertexar.api.schema.ProblemSchema",
    "EXCEPTION_HANDLER": "vertexar.api.problems.problem_handler",
    "ALLOWED_VERSIONS": ["1"],  # what `schema?version=` may say; it would go into a header
}
SIMPLE_JWT = {
    "ACCESS_TOKEN_LIFETIME": SESSION_TIMEOUT,
    "REFRESH_TOKEN_LIFETIME": timedelta(days=14),
    "UPDATE_LAST_LOGIN": True,
    "CHECK_REVOKE_TOKEN": True,  # a new password ends the tokens of the old one
}
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
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": AWS_STORAGE_BUCKET_NAME,
            "access_key": env.str("AWS_ACCESS_KEY_ID", "") or None,
            "secret_key": env.str("AWS_SECRET_ACCESS_KEY", "") or None,
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
    "staticfiles": {"BACKEND": "vertexar.storage.HashedStaticStorage"},
}
FILE_UPLOAD_HANDLERS = ["vertexar.uploads.DiskUploadHandler"]  # nothing is held in memory whole
FILE_UPLOAD_PERMISSIONS = 0o640

PICTURE_MAX_BYTES = env.int("PICTURE_MAX_BYTES", 50_000_000)
PICTURE_MAX_PIXELS = env.int("PICTURE_MAX_PIXELS", 50_000_000)
VIDEO_MAX_BYTES = env.int("VIDEO_MAX_BYTES", 500_000_000)
VIDEO_MAX_SECONDS = env.int("VIDEO_MAX_SECONDS", 300)
UPLOAD_MAX_BYTES = PICTURE_MAX_BYTES + VIDEO_MAX_BYTES + 1_000_000  # and the form around them

# --- Work in the background -------------------------------------------------------------------

REDIS_URL = env.str("REDIS_URL", "redis://127.0.0.1:6379/0")
LEASE_SECONDS = env.int("LEASE_SECONDS", 60)
MAX_ATTEMPTS = env.int("MAX_ATTEMPTS", 3)
TASK_SECONDS = env.int("TASK_SECONDS", 540)
SWEEP_SECONDS = env.int("SWEEP_SECONDS", 30)
COMPILE_SECONDS = min(env.int("COMPILE_SECONDS", 120), TASK_SECONDS)
COMPILE_MEMORY_MB = env.int("COMPILE_MEMORY_MB", 1024)

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
}
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
}
CELERY_BEAT_SCHEDULE = {
    name: {"task": task, "schedule": SWEEP_SECONDS, "options": {"expires": SWEEP_SECONDS}}
    for name, task in {
        "compare-left-out-markers": "markers.tasks.compare_left_out_markers",
        "requeue-lost-markers": "markers.tasks.requeue_lost_markers",
        "requeue-lost-videos": "arcontent.tasks.requeue_lost_videos",
    }.items()
}

# --- Language, time, logs ---------------------------------------------------------------------

TIME_ZONE = CELERY_TIMEZONE = env.str("TIME_ZONE", "UTC")
LANGUAGE_CODE = env.str("LANGUAGE_CODE", "en")
LANGUAGES = [("en", _("English")), ("ru", _("Russian"))]
LOCALE_PATHS = [BASE_DIR / "config" / "locale"]
USE_TZ = True

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"format": "{asctime} {levelname} {name} [{request_id}] {message}", "style": "{"},
    },
    "filters": {"request_id": {"()": "vertexar.request_id.RequestIdFilter"}},
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "formatter": "line",
            "filters": ["request_id"],
        },
    },
    "root": {"handlers": ["stderr"], "level": env.str("LOG_LEVEL", "INFO")},
}
