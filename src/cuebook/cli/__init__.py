"""The command line. Talking to a server it is a client of the management API, with the same rights and the same audit."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.util import find_spec

# What the extra `[cli]` brings. One distribution holds everything, so an import would fail in the middle of a command.
_NEEDED = ("typer", "rich", "ruamel", "dulwich", "rfc8785")
_MISCONFIGURED = 3


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and end the process with its exit code."""
    if any(find_spec(module) is None for module in _NEEDED):
        sys.stderr.write("The command line is not installed. Install it with: pip install 'cuebook[cli]'\n")
        sys.exit(_MISCONFIGURED)
    from cuebook.cli.app import run

    sys.exit(run(arguments))
