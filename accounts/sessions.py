"""Sessions of the API: begun by signing in, gone on with by refresh tokens, ended at any moment."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import psycopg
from django.conf import settings
from django.contrib.auth.models import update_last_login
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _
from psycopg import sql
from rest_framework_simplejwt.exceptions import TokenError

from accounts import audit
from accounts.models import ApiSession, User
from accounts.tokens import SESSION_CLAIM, AccessToken, RefreshToken
from vertexar.client import current_ip
from vertexar.errors import NotSignedIn


class SessionOver(NotSignedIn):
    """A token whose session can't go on."""

    code = "token_not_valid"  # as of an access token


@dataclass(frozen=True, slots=True)
class TokenPair:
    """What a client holds of a session."""

    access: str
    refresh: str


def begin_session(user: User, *, user_agent: str = "", by: str = "api") -> TokenPair:
    """Sign a user in, of whom it was made sure who they are.

    Args:
        user: who it is.
        user_agent: the program they use.
        by: what made sure of it, for the audit log.
    """
    refresh = RefreshToken()
    with transaction.atomic():
        session = ApiSession.objects.create(
            user=user,
            auth_hash=user.get_session_auth_hash(),
            refresh_jti=refresh["jti"],
            expires_at=_end_of(refresh, began_at=timezone.now()),
            ip=current_ip.get() or None,
            user_agent=user_agent[:200],
        )
        update_last_login(type(user), user)
        audit.record(audit.Action.LOGIN, actor=user, target=user, by=by)
    return _pair(session, refresh)


def refresh_session(token: str) -> TokenPair:
    """Take a refresh token for a new pair of tokens; it is good for this once.

    Used again, it was stolen, by whoever came first or second: the whole session ends.

    Raises:
        SessionOver: forged, run out, used before, or its session or user is no more.
    """
    try:
        old = RefreshToken(token)  # type: ignore[arg-type]  # typed as a token, takes its text
    except TokenError as error:
        raise _over() from error
    with transaction.atomic():
        sessions = ApiSession.objects.live().select_for_update(of=["self"]).select_related("user")
        session = sessions.filter(pk=old.get(SESSION_CLAIM)).first()
        if session is not None and is_current(session):
            if old["jti"] == session.refresh_jti:
                new = RefreshToken()
                session.refresh_jti, session.refreshed_at = new["jti"], timezone.now()
                session.expires_at = _end_of(new, began_at=session.created_at)
                session.save(
                    update_fields=["refresh_jti", "refreshed_at", "expires_at", "updated_at"]
                )
                return _pair(session, new)
            _end(session, ApiSession.EndReason.REUSED)
            audit.record(audit.Action.TOKEN_REUSED, actor=session.user, target=session)
    raise _over()


def session_of(token: AccessToken) -> ApiSession | None:
    """The session that an access token belongs to, with its user, if it may go on."""
    try:
        key = UUID(str(token.get(SESSION_CLAIM)))
    except ValueError:
        return None
    session = ApiSession.objects.live().select_related("user").filter(pk=key).first()
    return session if session is not None and is_current(session) else None


def is_current(session: ApiSession) -> bool:
    """Whether its user may still come in, and has the password they had when it began."""
    return session.user.is_active and session.auth_hash == session.user.get_session_auth_hash()


@transaction.atomic
def end_session(session: ApiSession, *, actor: User | None = None) -> None:
    """Sign out, or have somebody else signed out by an actor; harmless to repeat."""
    reason = ApiSession.EndReason.SIGNED_OUT if actor is None else ApiSession.EndReason.ENDED
    _end(session, reason)
    actor = actor or session.user
    audit.record(audit.Action.LOGOUT, actor=actor, target=session.user, by="api")


@transaction.atomic
def end_all_sessions(user: User, *, actor: User | None) -> None:
    """End every session of a user, of the API and of the back office."""
    User.objects.filter(pk=user.pk).update(session_version=F("session_version") + 1)
    user.refresh_from_db(fields=["session_version"])
    for session in user.api_sessions.live():
        _end(session, ApiSession.EndReason.ENDED)
    audit.record(audit.Action.SESSIONS_ENDED, actor=actor, target=user)


def sign_everybody_out(connection: "psycopg.Connection[tuple[object, ...]]") -> None:
    """End all sessions, of browsers and of the API, and void the links of mails, in any database.

    Args:
        connection: to a database with this code's tables that nobody serves from yet, such as one
            that was just restored: what was revoked since its backup would be good again.
    """
    users, ours, browsers = (
        sql.Identifier(model._meta.db_table) for model in (User, ApiSession, Session)
    )
    connection.execute(sql.SQL("UPDATE {} SET session_version = session_version + 1").format(users))
    connection.execute(
        sql.SQL("UPDATE {} SET ended_at = now(), end_reason = %s WHERE ended_at IS NULL").format(
            ours
        ),
        [ApiSession.EndReason.ENDED.value],
    )
    connection.execute(sql.SQL("DELETE FROM {}").format(browsers))


def _end(session: ApiSession, reason: ApiSession.EndReason) -> None:
    ApiSession.objects.filter(pk=session.pk, ended_at=None).update(
        ended_at=timezone.now(), end_reason=reason, updated_at=timezone.now()
    )


def _end_of(refresh: RefreshToken, *, began_at: datetime) -> datetime:
    """When a session ends, unless it is refreshed; and at last even so."""
    end: datetime = timezone.now() + refresh.lifetime
    return min(end, began_at + settings.SESSION_MAX)


def _pair(session: ApiSession, refresh: RefreshToken) -> TokenPair:
    access = AccessToken()
    for token in (access, refresh):
        token[SESSION_CLAIM] = str(session.pk)
        token["sub"] = str(session.user_id)
    return TokenPair(access=str(access), refresh=str(refresh))


def _over() -> SessionOver:
    return SessionOver(_("You are not signed in any more."), hint=_("Sign in again."))
