"""Every error the SDK, the admin client and the command line raise: one tree, each with a hint at what to do.

The registry answers refusals as problem+json; :func:`from_answer` turns them into these classes by their stable ``code``, and a
code this release does not know by its HTTP status, so that ``except NotFound`` goes on working with a newer server.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar

DETAIL_CHARS_MAX = 2_000


class CuebookError(Exception):
    """Something went wrong.

    ``code`` is for programs, ``detail`` says what happened, ``hint`` what to do about it. ``status`` is the HTTP status
    (``None`` when no answer is behind it), ``retry_after_s`` the wait it asked for, and ``data`` holds the other members of the
    registry's problem body.
    """

    code: str = "error"
    default_hint: ClassVar[str] = ""

    def __init__(
        self,
        detail: str = "",
        *,
        hint: str = "",
        code: str = "",
        status: int | None = None,
        data: Mapping[str, Any] | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        self.detail = detail or (self.__doc__ or "").splitlines()[0]
        super().__init__(self.detail)
        self.hint = hint or self.default_hint
        self.code = code or type(self).code
        self.status = status
        self.data: Mapping[str, Any] = data or {}
        self.retry_after_s = retry_after_s

    def __str__(self) -> str:
        return f"{self.detail} {self.hint}".strip()


# --- what the registry refuses -----------------------------------------------------------------------------------------
class NotFound(CuebookError):
    """There is no such thing here."""

    code = "not_found"
    default_hint = "Check the spelling; things of other projects are not shown."


class NotReleasedHere(NotFound):
    """The prompt was not released to this environment."""

    code = "not_released_here"
    default_hint = "Release a version to this environment, or ask with the key of another one."


class Retired(CuebookError):
    """The prompt was retired from this environment."""

    code = "retired"
    default_hint = "Stop asking for it, or release a version to bring it back."


class Gone(CuebookError):
    """It was here and was taken away on purpose."""

    code = "gone"


class Recalled(Gone):
    """The version was declared harmful: no environment serves it any more."""

    code = "recalled"
    default_hint = "Ask without a version number for what is served instead; never keep a copy of this one."


class Unauthenticated(CuebookError):
    """The registry does not accept this credential."""

    code = "unauthenticated"
    default_hint = "Check CUEBOOK_KEY (or CUEBOOK_TOKEN): it may be mistyped, expired or revoked."


class Forbidden(CuebookError):
    """The credential does not allow this."""

    code = "forbidden"
    default_hint = "Ask an admin of the project for the right role, or use another credential."


class EnvironmentMismatch(Forbidden):
    """The key belongs to another environment than the one named."""

    code = "environment_mismatch"
    default_hint = "Leave `environment` out, or use the key of that environment."


class Conflict(CuebookError):
    """The state changed meanwhile, or does not allow this."""

    code = "conflict"


class BaseMoved(Conflict):
    """Somebody saved a newer version meanwhile."""

    code = "base_moved"
    default_hint = "Compare `yours` with `theirs`, merge, and save again with the newest number as base."


class PointerMoved(Conflict):
    """The environment changed meanwhile."""

    code = "pointer_moved"
    default_hint = "Look at what it serves now and release again if you still mean it."


class PolicyRefused(Conflict):
    """The environment's policy does not let this release in."""

    code = "policy_refused"


class Invalid(CuebookError):
    """The request is not acceptable."""

    code = "invalid"


class Unavailable(CuebookError):
    """The registry cannot answer right now."""

    code = "unavailable"
    default_hint = "Try again shortly; is the registry running, and is CUEBOOK_URL right?"


class NotYet(Unavailable):
    """This node has not heard of that revision yet."""

    code = "not_yet"


# --- what happens on this side -----------------------------------------------------------------------------------------
class Misconfigured(CuebookError, ValueError):
    """A setting is missing or wrong."""

    code = "misconfigured"


class BadAnswer(Unavailable):
    """The answer is not what the contract says, so it was not used."""

    code = "bad_answer"
    default_hint = "Does CUEBOOK_URL lead to a Cuebook registry, without a login page or a rewriting proxy in between?"


class NotVerified(BadAnswer):
    """The answer's signature does not vouch for it, so it was not used."""

    code = "not_verified"
    default_hint = (
        "Are registry, project and root key the right ones? Else somebody on the way may have changed it; "
        "`cuebook signing show` says what the server signs with."
    )


class PromptUnavailable(Unavailable):
    """No prompt could be had from anywhere, and the caller gave no fallback."""

    code = "prompt_unavailable"
    default_hint = "Give `fallback=` for prompts the application must have, and look at `client.state` for what was tried."


# A code of the contract, and where this release does not know the code, its status.
CODES: Mapping[str, type[CuebookError]] = {
    cls.code: cls
    for cls in (
        NotFound,
        NotReleasedHere,
        Retired,
        Gone,
        Recalled,
        Unauthenticated,
        Forbidden,
        EnvironmentMismatch,
        Conflict,
        BaseMoved,
        PointerMoved,
        PolicyRefused,
        Invalid,
        Unavailable,
        NotYet,
    )
}
STATUSES: Mapping[int, type[CuebookError]] = {
    400: Invalid,
    401: Unauthenticated,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    410: Gone,
    412: Conflict,
    413: Invalid,
    415: Invalid,
    422: Invalid,
}


def from_answer(status: int, body: bytes, *, retry_after_s: float | None = None) -> CuebookError:
    """The error an answer with this status (400 and above) means; any body will do, problem+json or a proxy's page."""
    problem = _problem(body)
    code = _text(problem, "code")
    kind = CODES.get(code) or STATUSES.get(status, Unavailable)
    return kind(
        _text(problem, "detail") or _text(problem, "title") or f"The server answered {status} without saying why.",
        hint=_text(problem, "hint"),
        code=code,
        status=status,
        data={k: v for k, v in problem.items() if k not in _READ},
        retry_after_s=retry_after_s,
    )


_READ = frozenset({"type", "title", "status", "detail", "code", "hint"})


def _problem(body: bytes) -> Mapping[str, Any]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _text(problem: Mapping[str, Any], key: str) -> str:
    value = problem.get(key)
    return value[:DETAIL_CHARS_MAX] if isinstance(value, str) else ""
