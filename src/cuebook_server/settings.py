"""Every setting, in one table: read once at start from the environment; a bad value stops the start and names the variable."""

from __future__ import annotations

import os
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from cuebook_server.domain.errors import Invalid
from cuebook_server.domain.reach import Reach

PREFIX = "CUEBOOK_"
FILE_SUFFIX = "_FILE"


class BadSetting(Invalid):
    """A setting is not valid."""

    code = "bad_setting"
    hint = "docs/reference/settings.md lists every setting."


class Settings(BaseSettings):
    """What an operator can set. A secret may come from a file: ``NAME_FILE`` holds its path."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    data: Annotated[Path, Field(description="The folder of the database and of first-run.json.")] = Path("data")
    database: Annotated[
        str,
        Field(
            description="sqlite:///PATH or postgresql://...; empty: a SQLite file in the data folder.",
            json_schema_extra={"secret": True},
        ),
    ] = ""
    host: Annotated[str, Field(description="The address to listen on.")] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65_535, description="The port to listen on; 0 takes a free one.")] = 8080
    public_url: Annotated[
        str, Field(pattern=r"^(https?://[^/?#@]+)?$", description="The address people use, where a proxy stands in front.")
    ] = ""
    workers: Annotated[int, Field(ge=1, le=64, description="Server processes on this machine.")] = 1
    log_level: Annotated[Literal["debug", "info", "warning", "error"], Field(description="How much to log.")] = "warning"
    log_format: Annotated[Literal["text", "json"], Field(description="Log lines for people or for machines.")] = "text"

    last_known_good_mb: Annotated[
        int, Field(ge=0, description="The most that the copy of what this node serves may take in the data folder; 0: no copy.")
    ] = 1024
    stale_s_max: Annotated[
        int, Field(ge=0, description="Seconds a node that lost its database goes on serving; 0: until it is back.")
    ] = 0
    streams: Annotated[int, Field(ge=0, description="Event streams a server process holds at most.")] = 15_000
    streams_per_key: Annotated[int, Field(ge=0, description="Event streams of one key in a server process.")] = 10_000
    streams_per_address: Annotated[
        int, Field(ge=0, description="Event streams from one address in a server process; behind a proxy that is all of them.")
    ] = 10_000
    key_requests_per_s: Annotated[
        int, Field(ge=0, description="Delivery requests a second that a server process takes of one key; 0: any number.")
    ] = 50_000
    address_requests_per_s: Annotated[
        int, Field(ge=0, description="The same of one address; behind a proxy that is everybody.")
    ] = 50_000
    drain_s: Annotated[
        float,
        Field(ge=0, le=300, description="Seconds a server told to stop goes on answering while anybody is connected."),
    ] = 1.0

    audit_key: Annotated[
        Path | None,
        Field(description="The PEM file of the Ed25519 key that signs audit checkpoints; none: audit-key.pem in data."),
    ] = None
    signing_key: Annotated[
        Path | None,
        Field(
            description="The PEM file of the Ed25519 key that signs snapshots, the same on every node; "
            "none: signing-key.pem in data."
        ),
    ] = None
    signing_certificate: Annotated[
        Path | None,
        Field(
            description="The file of the certificates of that key, one a line; none: signing-certificate.txt in data, "
            "and without that file nothing is signed."
        ),
    ] = None
    signature_s: Annotated[
        int, Field(ge=60, le=31 * 86_400, description="Seconds a signature counts; it is renewed after half of them.")
    ] = 86_400
    keyset_s: Annotated[
        int, Field(ge=10, le=31 * 86_400, description="Seconds a relay may go on by what it knows when it is cut off.")
    ] = 3_600
    relay_of: Annotated[
        str,
        Field(
            pattern=r"^(https?://[^/?#@]+)?$",
            description="The address of the registry, or of another relay, that this process relays; none: it is a registry.",
        ),
    ] = ""
    relay_key: Annotated[
        str, Field(description="The relay's key, as the registry made it.", json_schema_extra={"secret": True}, repr=False)
    ] = ""
    root_key: Annotated[
        str, Field(description="On a relay: the public root key; what it does not vouch for is not passed on.")
    ] = ""
    seal_key: Annotated[
        Path | None,
        Field(description="The file of the key that seals webhook secrets, the same on every node; none: seal-key in data."),
    ] = None
    webhook_networks: Annotated[
        str,
        Field(
            description="Networks (CIDR, with commas) that webhooks may reach although they are not public. "
            "With this machine itself among them, http:// is allowed to it."
        ),
    ] = ""
    prices: Annotated[
        Path | None,
        Field(
            description="A JSON file of what models cost, which comes before the built-in list: "
            '{"openai/gpt-5.2": {"input": 1.75, "as_of": "2026-11-01", "source": "contract"}}, '
            "in US dollars for a million tokens."
        ),
    ] = None
    drift_days: Annotated[
        int,
        Field(ge=0, le=365, description="Tell when an environment is behind its source for more than so many days; 0: never."),
    ] = 14

    oidc_issuer: Annotated[
        str,
        Field(
            pattern=r"^(https://[^\s?#@]+|http://(localhost|127\.0\.0\.1)(:\d+)?(/[^\s?#]*)?)?$",
            description="The name of an OpenID Connect provider people sign in with, exactly as it calls itself.",
        ),
    ] = ""
    oidc_client_id: Annotated[str, Field(description="What the provider knows this server as.")] = ""
    oidc_client_secret: Annotated[
        str, Field(description="The provider's secret for this server.", json_schema_extra={"secret": True}, repr=False)
    ] = ""
    oidc_default_role: Annotated[
        Literal["", "viewer", "author", "reviewer", "releaser"],
        Field(description="What anybody the provider knows may do in every project; none: who is new needs an invitation."),
    ] = ""

    @model_validator(mode="after")
    def _whole(self) -> Settings:
        if self.oidc_issuer and not (self.oidc_client_id and self.oidc_client_secret):
            raise ValueError("CUEBOOK_OIDC_CLIENT_ID and CUEBOOK_OIDC_CLIENT_SECRET belong to CUEBOOK_OIDC_ISSUER")
        if bool(self.relay_of) != bool(self.relay_key):
            raise ValueError("CUEBOOK_RELAY_OF and CUEBOOK_RELAY_KEY belong together")
        return self

    @field_validator("webhook_networks")
    @classmethod
    def _networks(cls, value: str) -> str:
        for network in value.split(","):
            ip_network(network.strip() or "::/0")
        return value

    @property
    def audit_key_path(self) -> Path:
        """Where the key that signs audit checkpoints lies."""
        return self.audit_key or self.data / "audit-key.pem"

    @property
    def signing_key_path(self) -> Path:
        """Where the key that signs snapshots lies."""
        return self.signing_key or self.data / "signing-key.pem"

    @property
    def signing_certificate_path(self) -> Path:
        """Where its certificates lie."""
        return self.signing_certificate or self.data / "signing-certificate.txt"

    @property
    def seal_key_path(self) -> Path:
        """Where the key that seals webhook secrets lies."""
        return self.seal_key or self.data / "seal-key"

    @property
    def first_run_path(self) -> Path:
        """Where the first start leaves its keys, and each start the address."""
        return self.data / "first-run.json"

    def url_at(self, port: int) -> str:
        """Where this machine reaches a server that listens on a port; one that listens everywhere is reached nearby."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104  # read, not bound to
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    @property
    def reach(self) -> Reach:
        """Where webhooks may go."""
        return Reach(tuple(ip_network(network.strip()) for network in self.webhook_networks.split(",") if network.strip()))

    @property
    def last_known_good(self) -> Path:
        """The folder of the copy of what this node serves."""
        return self.data / "last-known-good"

    @property
    def database_url(self) -> str:
        """Where the database is."""
        return self.database or f"sqlite:///{self.data / 'cuebook.db'}"


def read(overrides: dict[str, object] | None = None) -> Settings:
    """The settings: from the command line (``overrides``), else the environment, else the defaults."""
    given = {**_from_files(), **{name: value for name, value in (overrides or {}).items() if value is not None}}
    try:
        return Settings(**given)  # type: ignore[arg-type]  # pydantic checks the values; that is its purpose here
    except ValidationError as error:
        first = error.errors()[0]
        said = first["msg"].removeprefix("Value error, ")
        # What is wrong with several together names them itself.
        raise BadSetting(f"{PREFIX}{str(first['loc'][0]).upper()}: {said}." if first["loc"] else f"{said}.") from None


def _from_files() -> dict[str, object]:
    """Settings whose value lies in a file, such as a mounted secret."""
    found: dict[str, object] = {}
    for field in Settings.model_fields:
        variable = f"{PREFIX}{field.upper()}{FILE_SUFFIX}"
        if path := os.environ.get(variable):
            try:
                found[field] = Path(path).read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                why = error.strerror if isinstance(error, OSError) else "it holds no text"
                raise BadSetting(f"{variable}: {why}.", hint="The file must exist and be readable.") from None
    return found
