"""freeze: what an environment serves, as a file that an application ships with."""

from __future__ import annotations

import hashlib
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from cuebook._exchange import Answer
from cuebook._record import KeyName, Record
from cuebook.cli import show
from cuebook.cli.arguments import AsJson
from cuebook.cli.session import session
from cuebook.delivery import NOTHING, decide
from cuebook.errors import Misconfigured


def freeze(
    ctx: typer.Context,
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help="The file to write.")],
    environment: Annotated[
        str | None, typer.Option("--env", help="The environment you mean; a key of another one is refused.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write what the environment of the delivery key (CUEBOOK_KEY) serves into a file: with it an application starts alone.

    Give the file to the application's client: `cuebook.Client(bundle="prompts.json")`, or CUEBOOK_BUNDLE.
    """
    found = session(ctx)
    answer = found.with_key.snapshot(environment)
    record = _record(answer, found.settings.key, environment)
    _write(output, record.to_bytes())
    prompts = decide(NOTHING, answer, 0.0).prompts
    if as_json:
        digest = "sha256:" + hashlib.sha256(answer.body).hexdigest()
        told = {"environment": record.environment, "epoch": record.epoch, "revision": record.revision, "as_of": record.as_of}
        show.write_json({**told, "prompts": len(prompts), "body_digest": digest, "file": str(output)})
    else:
        show.say(f"{len(prompts)} prompts of {record.environment} at revision {record.revision} written to {output}.")


def _record(answer: Answer, key: str, environment: str | None) -> Record:
    """The bundle, for every key of this environment's kind: the selector of the one that made it stays out."""
    snapshot = decide(NOTHING, answer, 0.0, environment=environment)
    return Record.of(snapshot, answer, server="", key=KeyName(KeyName.of(key).kind), now=time.time())


def _write(path: Path, data: bytes) -> None:
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_bytes(data)
        beside.replace(path)  # whoever reads it finds the old file or the new one
    except OSError as error:  # it names the file beside, which nobody knows
        raise Misconfigured(f"{path} cannot be written ({error.strerror}).") from error
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
