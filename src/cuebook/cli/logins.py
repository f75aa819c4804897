"""Where `cuebook login` keeps its sessions: one file that only its owner reads, a token a server.

A token is given to the very server it came from and to no other.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from cuebook.errors import Misconfigured


def path() -> Path:
    """``logins.json`` beside the profile file."""
    from cuebook.cli.config import config_path

    return config_path().with_name("logins.json")


def token(url: str) -> str:
    """The token kept for a server; empty without one."""
    return str(_read()["tokens"].get(url.rstrip("/"), ""))


def last() -> str:
    """The server last signed in at."""
    return str(_read()["last"])


def keep(url: str, secret: str) -> None:
    """Keep a server's token; it becomes the server that commands are for."""
    known = _read()
    _write({"last": url, "tokens": {**known["tokens"], url: secret}})


def forget(url: str) -> None:
    """Keep a server's token no more."""
    known = _read()
    left = {server: secret for server, secret in known["tokens"].items() if server != url}
    _write({"last": known["last"] if known["last"] in left else next(iter(left), ""), "tokens": left})


def _read() -> dict[str, Any]:
    try:
        document = json.loads(path().read_text(encoding="utf-8"))
        return {"last": str(document["last"]), "tokens": {str(url): str(kept) for url, kept in document["tokens"].items()}}
    except FileNotFoundError:
        return {"last": "", "tokens": {}}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise Misconfigured(f"{path()} cannot be used.", hint="Remove it and sign in again.") from None


def _write(document: dict[str, Any]) -> None:
    """Replace the file in one step; nobody but its owner can read it at any time."""
    target = path()
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = target.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump(document, file, indent=2)
    draft.replace(target)
