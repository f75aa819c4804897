"""doctor: what this machine would do with the registry off, by trying it, and what stands between the two."""

from __future__ import annotations

import logging
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from cuebook._transport import base_url, base_urls, bearer, setting
from cuebook._verify import root_keys
from cuebook.cli import diagnosis, show
from cuebook.cli.arguments import AsJson
from cuebook.cli.diagnosis import Finding, Machine
from cuebook.cli.failures import UNEXPECTED
from cuebook.cli.front import front as ask_front
from cuebook.cli.session import HOW, session
from cuebook.errors import Misconfigured


def doctor(
    ctx: typer.Context,
    bundle: Annotated[Path | None, typer.Option(metavar="FILE", help="The application's bundle (CUEBOOK_BUNDLE).")] = None,
    disk: Annotated[
        str | None, typer.Option(metavar="FOLDER", help="Where the application keeps its disk copy (CUEBOOK_DISK).")
    ] = None,
    environment: Annotated[
        str | None, typer.Option("--env", help="The environment that the application asserts, if it does.")
    ] = None,
    front: Annotated[
        str | None, typer.Option(metavar="URL", help="An address with a shared cache: see whether it mixes keys.")
    ] = None,
    other_key_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="For --front: a file with a key of another environment.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say what an application with this key (CUEBOOK_KEY) would do on this machine while the registry is off, by trying it.

    Run it as the application's user. It ends with 1 where something is to be mended. Applications notice nothing of it.
    """
    if (front is None) != (other_key_file is None):
        raise typer.BadParameter("--front and --other-key-file go together.")
    machine = _machine(ctx, bundle, disk, environment)
    logging.getLogger("cuebook").addHandler(logging.NullHandler())  # what the SDK would log stands in the findings
    findings = _findings(machine)
    if front is not None and other_key_file is not None:
        findings += ask_front(machine, base_url(front), _key(other_key_file))
    well = all(finding.verdict != "bad" for finding in findings)
    if as_json:
        rows = [{"check": f.check, "verdict": f.verdict, "says": f.says, **f.data} for f in findings]
        show.write_json({"well": well, "findings": rows})
    else:
        show.table(["check", "", "found"], [[finding.check, finding.verdict, finding.says] for finding in findings])
    if not well:
        raise typer.Exit(UNEXPECTED)


def _findings(machine: Machine) -> list[Finding]:
    reached, served = diagnosis.registry(machine)
    about = {"sdk": version("cuebook"), "python": platform.python_version()}
    versions = Finding("versions", "ok", f"cuebook {about['sdk']}, Python {about['python']}.", about)
    files = [diagnosis.disk_copy(machine, served), diagnosis.bundle(machine, served)]
    tried = [diagnosis.start_without(machine), diagnosis.run_without(machine)]
    return [versions, *reached, diagnosis.key(machine, served), *files, *tried]


def _machine(ctx: typer.Context, bundle: Path | None, disk: str | None, environment: str | None) -> Machine:
    settings = session(ctx).settings
    if not settings.url:
        raise Misconfigured("The server is not known.", hint=HOW)
    if not settings.key:
        raise Misconfigured("The delivery key is not known.", hint="Set CUEBOOK_KEY to the application's key.")
    given = str(bundle) if bundle is not None else setting("CUEBOOK_BUNDLE")
    roots = tuple(root_keys(setting("CUEBOOK_ROOT_KEY")))
    return Machine(base_urls(settings.url), bearer(settings.key), given, disk, environment, roots)


def _key(file: Path) -> str:
    try:
        return bearer(file.read_text(encoding="utf-8").strip())
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured(f"The file of the other key cannot be read: {error}.") from error
