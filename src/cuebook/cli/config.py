"""Which server, project and credential a command uses.

Each setting is looked for in this order: the option; the first-run file or profile named by an option; the environment
(``CUEBOOK_URL``, ``CUEBOOK_PROJECT``, ``CUEBOOK_TOKEN``, ``CUEBOOK_KEY``, each also as ``..._FILE``); the file that
``CUEBOOK_FIRST_RUN`` names; the profile ``CUEBOOK_PROFILE``, or the one the profile file calls ``default``; what
`cuebook login` kept for the server.

The profile file is ``~/.config/cuebook/config.toml`` (or ``CUEBOOK_CONFIG``)::

    default = "work"

    [profiles.work]
    url = "https://cuebook.example.org"
    project = "support"
    token = "cue_svc_..."
"""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from cuebook._transport import setting
from cuebook.cli import logins
from cuebook.errors import Misconfigured


@dataclass(frozen=True, slots=True)
class Settings:
    """Where to and as whom; what is not known is empty."""

    url: str = ""
    project: str = ""
    token: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """What the options before the command said."""

    url: str | None = None
    project: str | None = None
    profile: str | None = None
    first_run: Path | None = None


def load(choice: Choice) -> Settings:
    """The settings of this command. Raises ``Misconfigured`` when a file that was asked for cannot be used."""
    layers = [{"url": choice.url, "project": choice.project}]
    layers += [_first_run(choice.first_run)] if choice.first_run else []
    layers += [_profile(choice.profile)] if choice.profile else []
    layers.append({field.name: setting(f"CUEBOOK_{field.name.upper()}") for field in fields(Settings)})
    if path := os.environ.get("CUEBOOK_FIRST_RUN"):
        layers.append(_first_run(Path(path)))
    layers.append(_profile(os.environ.get("CUEBOOK_PROFILE")))
    found = {field.name: _first(field.name, layers) for field in fields(Settings)}
    if not found["token"] and not found["key"]:
        # A session of `cuebook login` goes to the server it came from, and to no other.
        found["url"] = found["url"] or logins.last()
        found["token"] = logins.token(found["url"])
    return Settings(**found)


def _first(name: str, layers: list[dict[str, Any]]) -> str:
    return next((layer[name] for layer in layers if layer.get(name)), "")


def _first_run(path: Path) -> dict[str, Any]:
    """What a server's first start wrote down: ``url``, ``project``, ``token``."""
    try:
        return _strings(json.loads(path.read_text(encoding="utf-8")), path)
    except (OSError, ValueError) as error:
        raise Misconfigured(
            f"{path} cannot be used: {error}.", hint="`cuebook serve` writes it as DIR/first-run.json."
        ) from None


def _profile(name: str | None) -> dict[str, Any]:
    path = config_path()
    if not path.exists():
        if name:
            raise Misconfigured(f"There is no profile {name!r}: {path} does not exist.")
        return {}
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Misconfigured(f"{path} cannot be used: {error}.") from None
    profiles = document.get("profiles", {})
    chosen = name or document.get("default")
    if chosen is None:
        return {}
    if not isinstance(profiles, dict) or chosen not in profiles:
        raise Misconfigured(f"There is no profile {chosen!r} in {path}.", hint=f"It has: {', '.join(profiles) or 'none'}.")
    return _strings(profiles[chosen], path)


def config_path() -> Path:
    """Where the profile file is."""
    if named := os.environ.get("CUEBOOK_CONFIG"):
        return Path(named)
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "cuebook" / "config.toml"


def _strings(document: Any, path: Path) -> dict[str, Any]:
    wanted = {field.name for field in fields(Settings)}
    values = {key: value for key, value in document.items() if key in wanted} if isinstance(document, Mapping) else None
    if values is None or not all(isinstance(value, str) for value in values.values()):
        raise Misconfigured(f"{path} does not hold strings for {', '.join(sorted(wanted))}.")
    return values
