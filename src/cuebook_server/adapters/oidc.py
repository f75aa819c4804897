"""OpenID Connect, authorization code flow with PKCE, state and nonce; by authlib and joserfc."""

from __future__ import annotations

import hmac
import json
import secrets
from collections.abc import Mapping
from typing import Any

import httpx2
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.httpx_client import OAuth2Client
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from cuebook_server.domain.access import Role
from cuebook_server.domain.errors import Unauthenticated, Unavailable
from cuebook_server.domain.identity import Identity, Trip
from cuebook_server.services.identities import LostOnTheWay

TIMEOUT_S = 10.0
ANSWER_BYTES_MAX = 1024 * 1024
LEEWAY_S = 30
# Signatures by a public key only: a shared secret, or none, would let others speak for the provider.
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"]
SCOPE = "openid email profile"


class ProviderUnavailable(Unavailable):
    """The identity provider gives no usable answer."""

    code = "provider_unavailable"
    hint = "Try again shortly, or sign in with a password. CUEBOOK_OIDC_ISSUER must be exactly the provider's own name."


class IdentityRefused(Unauthenticated):
    """The identity provider did not confirm who you are."""

    code = "identity_refused"
    hint = "Begin again at /sign-in."


class OpenIdProvider:
    """One provider, asked anew at each sign-in: keys and addresses are never older than that."""

    def __init__(self, issuer: str, client_id: str, client_secret: str, default_role: Role | None = None) -> None:
        self._issuer, self._id, self._secret = issuer, client_id, client_secret
        self.default_role = default_role

    def leave(self, back: str) -> Trip:
        """Where to send a browser, and what must come back with it."""
        state, nonce, code_verifier = (secrets.token_urlsafe(32) for _ in range(3))
        with self._client(back) as client:
            about = self._about(client)
            url, _ = client.create_authorization_url(
                about["authorization_endpoint"], state=state, nonce=nonce, code_verifier=code_verifier
            )
        return Trip(str(url), state, nonce, code_verifier)

    def arrive(self, trip: Trip, back: str, asked: Mapping[str, str]) -> Identity:
        """Who came back: the code in exchange for a signed token, checked in every claim that binds it to this trip."""
        if not hmac.compare_digest(trip.state.encode(), asked.get("state", "").encode()):
            raise LostOnTheWay
        if "code" not in asked:
            raise IdentityRefused(f"The provider said {asked.get('error', 'nothing')[:80]!r}.")
        with self._client(back) as client:
            about = self._about(client)
            token = self._exchange(client, about["token_endpoint"], asked["code"], trip.code_verifier)
            keys = self._json(client, about["jwks_uri"])
        return self._identity(self._claims(token, keys, trip.nonce))

    def _client(self, back: str) -> Any:
        return OAuth2Client(
            self._id,
            self._secret,
            scope=SCOPE,
            redirect_uri=back,
            code_challenge_method="S256",
            timeout=TIMEOUT_S,
            follow_redirects=False,
        )

    def _about(self, client: Any) -> dict[str, Any]:
        about = self._json(client, self._issuer.rstrip("/") + "/.well-known/openid-configuration")
        wanted = ("authorization_endpoint", "token_endpoint", "jwks_uri")
        if about.get("issuer") != self._issuer or not all(isinstance(about.get(name), str) for name in wanted):
            raise ProviderUnavailable("The provider describes itself under another name.")
        return about

    def _json(self, client: Any, url: str) -> dict[str, Any]:
        try:
            answer = client.request("GET", url, withhold_token=True)
            answer.raise_for_status()
            value = json.loads(answer.content) if len(answer.content) <= ANSWER_BYTES_MAX else None
        except (httpx2.HTTPError, ValueError) as error:
            raise ProviderUnavailable(f"The provider did not answer ({type(error).__name__}).") from None
        if not isinstance(value, dict):
            raise ProviderUnavailable
        return value

    def _exchange(self, client: Any, endpoint: str, code: str, code_verifier: str) -> str:
        try:
            given = client.fetch_token(endpoint, code=code, code_verifier=code_verifier, grant_type="authorization_code")
        except OAuthError as error:
            raise IdentityRefused(f"The provider said {str(error.error)[:80]!r}.") from None
        except (httpx2.HTTPError, ValueError) as error:
            raise ProviderUnavailable(f"The provider did not answer ({type(error).__name__}).") from None
        token = given.get("id_token")
        if not isinstance(token, str):
            raise IdentityRefused("The provider gave no identity.")
        return token

    def _claims(self, token: str, keys: dict[str, Any], nonce: str) -> dict[str, Any]:
        expected = jwt.JWTClaimsRegistry(
            leeway=LEEWAY_S,
            iss={"essential": True, "value": self._issuer},
            aud={"essential": True, "value": self._id},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True, "value": nonce},
        )
        try:
            found = jwt.decode(token, KeySet.import_key_set(keys), algorithms=ALGORITHMS)  # type: ignore[arg-type]  # a key set as JSON
            expected.validate(found.claims)
        except (JoseError, ValueError, KeyError) as error:
            raise IdentityRefused(f"The identity does not hold ({type(error).__name__}).") from None
        if found.claims.get("azp", self._id) != self._id:
            raise IdentityRefused("The identity was made for another application.")
        return dict(found.claims)

    def _identity(self, claims: Mapping[str, Any]) -> Identity:
        said = {name: value for name, value in claims.items() if isinstance(value, str)}
        return Identity(self._issuer, str(claims["sub"]), said.get("email", ""), said.get("name", ""))
