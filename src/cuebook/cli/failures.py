"""How a command ends: one exit code a kind of failure, one sentence and a hint on stderr."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from cuebook import errors
from cuebook.cli.show import plain
from cuebook.files import BadFile

UNEXPECTED = 1
UNAVAILABLE = 8
BROKEN_CHAIN = 9
INTERRUPTED = 130

# The first kind that fits decides. 0 is success, 2 a wrong command line, 9 a broken audit chain.
EXIT_CODES: Mapping[type[Exception], int] = {
    errors.Misconfigured: 3,
    errors.Unauthenticated: 4,
    errors.Forbidden: 4,
    errors.NotFound: 5,
    errors.Retired: 5,
    errors.Gone: 5,
    errors.Conflict: 6,
    errors.Invalid: 7,
    BadFile: 7,
    errors.Unavailable: UNAVAILABLE,
}

# Where the command line's way differs from the API's.
HINTS: Mapping[str, str] = {
    "base_moved": "See what changed with `cuebook diff NAME BASE latest`, merge, and save with --base NEWEST.",
    "policy_refused": "`cuebook env show ENV` lists the rules; -m gives the reason.",
    "bad_variables": "Give values with -v NAME=VALUE or --vars FILE; `cuebook get NAME --json` shows the variables.",
}


def exit_code(error: Exception) -> int:
    """The exit code of a failure."""
    return next((code for kind, code in EXIT_CODES.items() if isinstance(error, kind)), UNEXPECTED)


def explain(error: Exception) -> None:
    """Say on stderr what happened and what to do about it."""
    if isinstance(error, errors.CuebookError):
        sentences = [error.detail, *_rules(error), HINTS.get(error.code, error.hint)]
    else:
        sentences = [str(error) or type(error).__name__]
    for sentence in filter(None, sentences):
        sys.stderr.write(f"{plain(sentence)}\n")


def _rules(error: errors.CuebookError) -> list[str]:
    """What a policy found missing, a sentence a rule, unless the first sentence says it already."""
    decision = error.data.get("decision")
    rules = decision.get("rules", []) if isinstance(decision, dict) else []
    missing = [str(rule.get("sentence")) for rule in rules if not rule.get("passed")]
    return [] if missing == [error.detail] else [f"  {sentence}" for sentence in missing]
