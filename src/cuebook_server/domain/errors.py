"""Every refusal Cuebook can give: one tree, one file.

A class is one stable ``code``. Its kind (the base class) decides the HTTP status and the exit code, in one table per edge;
the first line of its docstring is the title people read; ``detail`` says what happened here and ``hint`` what to do about it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar


class CuebookError(Exception):
    """Something was refused."""

    code: ClassVar[str] = "error"
    hint: ClassVar[str] = ""

    def __init__(self, detail: str = "", *, hint: str = "", **data: Any) -> None:
        self.detail = detail or f"{self.title()}."
        super().__init__(self.detail)
        self.advice = hint or self.hint
        self.data: Mapping[str, Any] = data

    @classmethod
    def title(cls) -> str:
        """The first line of the docstring, which is the message's title."""
        return (cls.__doc__ or cls.__name__).strip().splitlines()[0].rstrip(".")


# Kinds: what an edge translates. Only their subclasses below are raised.
class NotFound(CuebookError):
    """There is no such thing here."""

    code = "not_found"
    hint = "Check the spelling; things of other projects are not shown."


class Conflict(CuebookError):
    """The state changed, or does not allow this."""

    code = "conflict"
    hint = "Look at the present state, then decide again."


class Invalid(CuebookError):
    """The request is well formed but its content is refused."""

    code = "invalid"
    hint = "Correct what is named above; `/api/openapi.json` describes every field."


class Malformed(CuebookError):
    """The request cannot be read."""

    code = "malformed"
    hint = "Correct the request's form; `/api/openapi.json` describes every call."


class Unauthenticated(CuebookError):
    """No valid credential came with the request."""

    code = "unauthenticated"
    hint = "Send `Authorization: Bearer <key>`."


class Forbidden(CuebookError):
    """The credential does not allow this."""

    code = "forbidden"
    hint = "Ask an admin of the project for the right role, or use another credential."


class Gone(CuebookError):
    """It was here and was taken away on purpose."""

    code = "gone"
    hint = "Stop asking for it, or ask who took it away."


class TooLarge(CuebookError):
    """The request is larger than the limit."""

    code = "too_large"
    hint = "Send less at once."


class Unavailable(CuebookError):
    """This cannot be done right now."""

    code = "unavailable"
    hint = "Try again shortly; delivery goes on meanwhile."


class Unexpected(CuebookError):
    """Something went wrong here."""

    code = "unexpected"
    hint = "The server's log says more."


# --- names and content -------------------------------------------------------------------------------------------------
class BadName(Invalid):
    """The name is not allowed."""

    code = "bad_name"
    hint = "Segments of a-z, 0-9, `_`, `-`, joined by dots, each starting and ending with a letter or digit; 200 bytes at most."


class BadContent(Invalid):
    """The prompt's content is not valid."""

    code = "bad_content"
    hint = "`at` points at the place; docs/reference/content.md describes a version's content."


class ContentTooLarge(TooLarge):
    """The content is larger than 1 MiB."""

    code = "content_too_large"
    hint = "Split the prompt, or move examples into a fragment."


class FragmentMissing(Invalid):
    """An included fragment does not exist."""

    code = "fragment_missing"
    hint = "Save the fragment first, or write `{{{{` for a literal `{{`."


class FragmentCycle(Invalid):
    """Fragments include each other in a circle."""

    code = "fragment_cycle"
    hint = "Remove one of the includes shown in `cycle`."


class BadVariables(Invalid):
    """The values do not fit the variable contract."""

    code = "bad_variables"
    hint = "The contract of the version stands in `variables`; a missing value or a wrong type is named above."


# --- requests ----------------------------------------------------------------------------------------------------------
class BadJson(Malformed):
    """The body is not acceptable JSON."""

    code = "bad_json"
    hint = "Send one UTF-8 JSON value without duplicate keys, NaN, Infinity or lone surrogates."


class BadRequest(Malformed):
    """The request has a wrong field, parameter or path."""

    code = "bad_request"
    hint = "`/api/openapi.json` describes every call."


class UnknownParameter(Malformed):
    """The query has a parameter this call does not know."""

    code = "unknown_parameter"
    hint = "Leave it out; `/api/openapi.json` lists the parameters of each call."


class UnknownSelector(Malformed):
    """The version selector is not known."""

    code = "unknown_selector"
    hint = "Use `stable`, `latest` or a version number."


class BodyTooLarge(TooLarge):
    """The request's body is larger than the limit."""

    code = "body_too_large"
    hint = "Send less at once: an import takes 100 items, a version 1 MiB."


class IdempotencyMismatch(Invalid):
    """This idempotency key was used for another request."""

    code = "idempotency_mismatch"
    hint = "Use a new key for a new request; repeat a request with exactly the same body."


# --- conflicts ---------------------------------------------------------------------------------------------------------
class BaseMoved(Conflict):
    """Somebody saved a newer version meanwhile."""

    code = "base_moved"
    hint = "Compare `yours` with `theirs`, merge, and save again with `base` set to the newest number."


class PointerMoved(Conflict):
    """The environment changed meanwhile."""

    code = "pointer_moved"
    hint = "Look at what it serves now (`theirs`) and release again if you still mean it."


class AlreadyLive(Conflict):
    """The environment already serves exactly this."""

    code = "already_live"
    hint = "Nothing needs to be done."


class AlreadyExists(Conflict):
    """The name is taken."""

    code = "already_exists"
    hint = "Choose another name."


class TracksLatest(Conflict):
    """The environment tracks the latest versions and takes no releases."""

    code = "tracks_latest"
    hint = "Save a version: this environment serves it at once."


class NothingToRollBack(Conflict):
    """Nothing else was live there before."""

    code = "nothing_to_roll_back"
    hint = "Promote another version instead."


class NeverLiveHere(Conflict):
    """That version was never live in this environment, so a rollback cannot choose it."""

    code = "never_live_here"
    hint = "Roll back to a version that was live there, or promote the one you want."


class PolicyRefused(Conflict):
    """The environment's policy does not let this release in."""

    code = "policy_refused"
    hint = "Each rule in `decision` says what is missing."


# --- delivery ----------------------------------------------------------------------------------------------------------
class NotReleasedHere(NotFound):
    """The prompt exists but was not released to this environment."""

    code = "not_released_here"
    hint = "Release a version to this environment, or ask with the key of another one."


class Retired(Gone):
    """The prompt was retired from this environment."""

    code = "retired"
    hint = "Stop asking for it, or release a version to bring it back."


class Recalled(Gone):
    """The version was declared harmful: no environment serves it any more."""

    code = "recalled"
    hint = "Ask for `stable`, which serves another version."


class EnvironmentMismatch(Forbidden):
    """The key belongs to another environment than the one named."""

    code = "environment_mismatch"
    hint = "Leave `environment` out, or use the key of that environment."


class UnknownKey(Unauthenticated):
    """The key is not known."""

    code = "unknown_key"
    hint = "Create one with `cuebook keys create`, or check for a typing error."


class WrongKeyKind(Unauthenticated):
    """This kind of credential does not open this door."""

    code = "wrong_key_kind"
    hint = "`/v1` takes delivery keys (`cue_dev_`, `cue_stg_`, ...); `/api` takes tokens (`cue_svc_`, `cue_pat_`) and sessions."


class KeyExpired(Unauthenticated):
    """The key has expired."""

    code = "key_expired"
    hint = "Rotate it with `cuebook keys rotate`."


class KeyRevoked(Unauthenticated):
    """The key was revoked."""

    code = "key_revoked"
    hint = "Use the key that replaced it, or create a new one."


class OutsideNetwork(Forbidden):
    """The key may not be used from this address."""

    code = "outside_network"
    hint = "Call from one of the key's networks, or widen them."


# --- the database ------------------------------------------------------------------------------------------------------
class ReadOnly(Unavailable):
    """The database is read-only."""

    code = "read_only"
    hint = "Reading and delivery go on; make the database writable again."


class StorageFull(Unavailable):
    """The disk is full."""

    code = "storage_full"
    hint = "Free some space; reading and delivery go on."


class Busy(Unavailable):
    """The database is busy."""

    code = "busy"
    hint = "Repeat the request with the same idempotency key."


class OutcomeUnknown(Unavailable):
    """Nobody knows yet whether this was done."""

    code = "unknown_outcome"
    hint = "Repeat it with the same idempotency key, which does it once; or look whether it is there before you do it again."


class NotYet(Unavailable):
    """This node has not heard of that revision yet."""

    code = "not_yet"


class TooManyAttempts(Unavailable):
    """Too many failed sign-ins."""

    code = "too_many_attempts"
    hint = "Wait; every further failure makes the wait longer."


class TooStale(Unavailable):
    """What this node holds is older than it may serve."""

    code = "too_stale"
    hint = "It lost its database, or a relay its registry, too long ago (settings `stale_s_max`, `keyset_s`); ask another node."


class TooManyRequests(TooManyAttempts):
    """More requests than this node takes from one caller."""

    code = "too_many_requests"
    hint = "Wait as long as `Retry-After` says; the SDK asks far less often than this."


class TooManyStreams(Unavailable):
    """This node holds as many event streams as it may."""

    code = "too_many_streams"
    hint = "Try again after `Retry-After`, or poll `/v1/snapshot` until then."


class Draining(Unavailable):
    """This node is about to stop."""

    code = "draining"
    hint = "Ask again; another node, or the next one at this address, answers."


class NoStreams(Unavailable):
    """This server does not stream."""

    code = "no_streams"
    hint = "Start it with `cuebook serve`; poll `/v1/snapshot` until then."


class SchemaTooNew(Unavailable):
    """The database was written by a newer Cuebook."""

    code = "schema_too_new"
    hint = "Start the Cuebook version named above, or a newer one."
