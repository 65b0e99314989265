"""Settings of who may come in: accounts, passwords, second factors, lock-out, sessions."""

import json
from datetime import timedelta

from config.env import BASE_DIR, env

AUTH_USER_MODEL = "accounts.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": env.int("PASSWORD_MIN_LENGTH", 12)},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {  # Django's own list has but a few that are long enough to be chosen here
        "NAME": "django.contrib.auth.password_validation.CommonPasswordValidator",
        "OPTIONS": {"password_list_path": BASE_DIR / "accounts" / "common_passwords.txt.gz"},
    },
    {"NAME": "accounts.guessable.NotGuessable"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
PASSWORD_HASHERS = [
    "vertexar.passwords.Argon2",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",  # of users from before
]
# What one try costs: more is safer, and slower for everybody who signs in.
ARGON2_PASSES = env.int("ARGON2_PASSES", 2)
ARGON2_MEMORY_KIB = env.int("ARGON2_MEMORY_KIB", 19_456)
# The administrator that `manage.py create_admin` makes at first start.
ADMIN_USERNAME = env.str("ADMIN_USERNAME", "admin")
ADMIN_PASSWORD = env.str("ADMIN_PASSWORD", "")
ADMIN_EMAIL = env.str("ADMIN_EMAIL", "")
# Whether anybody may make an account, and must follow a link in a mail before it opens anything.
REGISTRATION_OPEN = env.bool("REGISTRATION_OPEN", False)
EMAIL_URL = env.str("EMAIL_URL", "")
EMAIL_VERIFICATION = (
    env.bool("EMAIL_VERIFICATION") if env.str("EMAIL_VERIFICATION", "") else bool(EMAIL_URL)
)
# How long links in mails are good, each for once.
PASSWORD_RESET_TIMEOUT = 60 * env.int("PASSWORD_RESET_MINUTES", 60)  # seconds
INVITATION_TIMEOUT = timedelta(days=env.int("INVITATION_DAYS", 7))

# Staff and owners must have a second factor: without one they are led to set it up.
REQUIRE_2FA_FOR_STAFF = env.bool("REQUIRE_2FA_FOR_STAFF", False)
# Codes may come by e-mail in place of an app: weaker, as who reads the mail can reset the password.
OTP_EMAIL = env.bool("OTP_EMAIL", False)
OTP_EMAIL_TOKEN_VALIDITY = 300  # seconds
OTP_TOTP_ISSUER = "Vertex AR"  # what the app calls the account

# Signing in with an account elsewhere; accounts.social reads what is configured.
GOOGLE_CLIENT_ID = env.str("GOOGLE_CLIENT_ID", "")
GOOGLE_CLIENT_SECRET = env.str("GOOGLE_CLIENT_SECRET", "")
GITHUB_CLIENT_ID = env.str("GITHUB_CLIENT_ID", "")
GITHUB_CLIENT_SECRET = env.str("GITHUB_CLIENT_SECRET", "")
OPENID_PROVIDERS = json.loads(env.str("OPENID_PROVIDERS", "") or "[]")
# Where clients of the API may be sent back to; loopback addresses always may.
SOCIAL_REDIRECT_URIS = env.list("SOCIAL_REDIRECT_URIS", default=[])
SOCIALACCOUNT_ADAPTER = "accounts.social.exchange.Adapter"
SOCIALACCOUNT_PROVIDERS = {
    "google": {"OAUTH_PKCE_ENABLED": True, "SCOPE": ["openid", "email", "profile"]},
    "github": {"OAUTH_PKCE_ENABLED": True, "SCOPE": ["user:email"]},
    "openid_connect": {"OAUTH_PKCE_ENABLED": True},
}
SOCIALACCOUNT_QUERY_EMAIL = True
SOCIALACCOUNT_LOGIN_ON_GET = False
SOCIALACCOUNT_STORE_TOKENS = False  # nothing is asked of a provider but who somebody is
SOCIALACCOUNT_REQUESTS_TIMEOUT = 5  # seconds

# Locked out: one user name from one address after so many failures, for so long.
AUTHENTICATION_BACKENDS = [
    "accounts.lockout.LockOutBackend",  # decides nothing but that nobody tries too often
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_MAX_ATTEMPTS = env.int("AUTH_MAX_ATTEMPTS", 5)
AUTH_LOCKOUT = timedelta(minutes=env.int("AUTH_LOCKOUT_MINUTES", 15))
AXES_HANDLER = "accounts.lockout.SignInHandler"
AXES_FAILURE_LIMIT = AUTH_MAX_ATTEMPTS
AXES_COOLOFF_TIME = AUTH_LOCKOUT
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_LOCKOUT_CALLABLE = "accounts.lockout.refusal"
AXES_CLIENT_IP_CALLABLE = "accounts.lockout.address_of"
AXES_USERNAME_CALLABLE = "accounts.lockout.name_key_of"
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_DISABLE_ACCESS_LOG = True  # accounts.audit keeps it
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False

# How long it is kept who did what.
AUDIT_DAYS = env.int("AUDIT_DAYS", 730)

SESSION_TIMEOUT = timedelta(minutes=env.int("SESSION_TIMEOUT_MINUTES", 30))
SESSION_COOKIE_AGE = int(SESSION_TIMEOUT.total_seconds())
SESSION_ENGINE = "accounts.browser_sessions"
# However busy: sessions of the API end so long after they began, and those of the back office.
SESSION_MAX = timedelta(days=env.int("SESSION_MAX_DAYS", 90))
DESK_SESSION_MAX = timedelta(hours=env.int("SESSION_MAX_HOURS", 12))
CSRF_COOKIE_HTTPONLY = True
