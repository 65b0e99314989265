"""A small OpenID provider on loopback, for real requests: OpenID Connect Core 1.0 with PKCE.

It asks nobody anything: whoever comes is `person`. What it does wrong is up to the test. It speaks
GitHub's dialect as well.
"""

import base64
import hashlib
import json
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
import requests
from cryptography.hazmat.primitives.asymmetric import rsa

CLIENT_ID, SECRET, KEY_ID = "vertex", "only-between-us", "k1"


@lru_cache(maxsize=2)
def rsa_key(name: str) -> rsa.RSAPrivateKey:
    """Make a key once for all tests."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass
class Provider:
    """What the provider knows, and what it does wrong.

    Attributes:
        person: the claims about whoever comes.
        answers: for a path, another status and text than the right ones.
        in_id_token: claims put in place of the right ones.
        signs_with: the name of the key; only "published" is.
        error: sent back in place of a code, if any.
        asked: the paths that were asked for.
        sent: the parameters that people were sent with, of the last one.
    """

    url: str
    person: dict[str, Any] = field(default_factory=dict)
    answers: dict[str, tuple[int, str]] = field(default_factory=dict)
    in_id_token: dict[str, Any] = field(default_factory=dict)
    signs_with: str = "published"
    error: str = ""
    asked: list[str] = field(default_factory=list)
    sent: dict[str, str] = field(default_factory=dict)
    grants: dict[str, dict[str, str]] = field(default_factory=dict)
    tokens: set[str] = field(default_factory=set)

    def settings(self, **changes: str) -> dict[str, str]:
        """An entry of OPENID_PROVIDERS."""
        return {
            "id": "firm",
            "name": "Our Firm",
            "server_url": self.url,
            "client_id": CLIENT_ID,
            "secret": SECRET,
        } | changes

    def visit(self, url: str) -> str:
        """Go there as a browser does, and tell where one is sent back to."""
        answer = requests.get(url, allow_redirects=False, timeout=30)
        assert answer.status_code == HTTPStatus.FOUND, answer.text
        return answer.headers["Location"]

    # --- Endpoints --------------------------------------------------------------------------

    def configuration(self) -> dict[str, Any]:
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "userinfo_endpoint": f"{self.url}/userinfo",
            "jwks_uri": f"{self.url}/jwks",
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
        }

    def jwks(self) -> dict[str, Any]:
        public = rsa_key("published").public_key()
        key = jwt.algorithms.RSAAlgorithm.to_jwk(public, as_dict=True)
        return {"keys": [key | {"kid": KEY_ID, "use": "sig", "alg": "RS256"}]}

    def authorize(self, query: dict[str, str]) -> str:
        """Send whoever comes back with a code, or with an error."""
        self.sent = query
        assert query["client_id"] == CLIENT_ID
        assert query["response_type"] == "code"
        assert query["code_challenge_method"] == "S256"
        answer = {"state": query["state"]}
        if self.error:
            answer["error"] = self.error
        else:
            answer["code"] = secrets.token_urlsafe(8)
            self.grants[answer["code"]] = query
        return f"{query['redirect_uri']}?{urlencode(answer)}"

    def token(self, form: dict[str, str]) -> dict[str, Any] | None:
        """Give tokens for a code, once, to who knows the secret and the verifier."""
        grant = self.grants.pop(form.get("code", ""), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if (
            grant is None
            or (form.get("client_id"), form.get("client_secret")) != (CLIENT_ID, SECRET)
            or form.get("redirect_uri") != grant["redirect_uri"]
            or challenge != grant["code_challenge"]
        ):
            return None
        access = secrets.token_urlsafe(8)
        self.tokens.add(access)
        now = int(time.time())
        claims = {"iss": self.url, "aud": CLIENT_ID, "sub": self.person.get("sub"), "iat": now}
        claims |= {"exp": now + 60, "nonce": grant.get("nonce")} | self.in_id_token
        id_token = jwt.encode(
            claims, rsa_key(self.signs_with), algorithm="RS256", headers={"kid": KEY_ID}
        )
        return {"access_token": access, "token_type": "Bearer", "id_token": id_token}

    def about(self, path: str) -> Any:
        """What it tells to who has an access token."""
        if path.endswith("/emails"):
            return self.person.get("emails", [])
        return {name: claim for name, claim in self.person.items() if name != "emails"}


@contextmanager
def serving() -> Iterator[Provider]:
    """Run a provider within this block."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.provider = Provider(f"http://127.0.0.1:{server.server_port}")  # type: ignore[attr-defined]
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.provider  # type: ignore[attr-defined]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    @property
    def provider(self) -> Provider:
        provider: Provider = self.server.provider  # type: ignore[attr-defined]
        return provider

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        if self._is_told_otherwise(url.path):
            return
        if url.path == "/.well-known/openid-configuration":
            self._json(self.provider.configuration())
        elif url.path == "/jwks":
            self._json(self.provider.jwks())
        elif url.path in {"/authorize", "/login/oauth/authorize"}:
            self.send_response(HTTPStatus.FOUND)
            self.send_header("Location", self.provider.authorize(_flat(url.query)))
            self.end_headers()
        elif self.headers.get("Authorization", "").split(" ")[-1] in self.provider.tokens:
            self._json(self.provider.about(url.path))
        else:
            self.send_error(HTTPStatus.UNAUTHORIZED)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if self._is_told_otherwise(self.path):
            return
        tokens = self.provider.token(_flat(body))
        if tokens is None:
            self._json({"error": "invalid_grant"}, HTTPStatus.BAD_REQUEST)
        else:
            self._json(tokens)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  its signature
        """Keep quiet."""

    def _is_told_otherwise(self, path: str) -> bool:
        self.provider.asked.append(path)
        if path not in self.provider.answers:
            return False
        status, text = self.provider.answers[path]
        self._send(status, text)
        return True

    def _json(self, body: Any, status: int = HTTPStatus.OK) -> None:
        self._send(status, json.dumps(body))

    def _send(self, status: int, text: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(text.encode())


def _flat(query: str) -> dict[str, str]:
    return {name: values[-1] for name, values in parse_qs(query).items()}
