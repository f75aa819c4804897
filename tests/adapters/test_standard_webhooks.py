"""The reference library of Standard Webhooks, in JavaScript, accepts what we sign and nothing else."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cuebook_server.domain import webhook
from hatch_build import node_folder, program

HERE = Path(__file__).parent / "standard_webhooks"
BODY = '{"type":"release.applied","data":{"prompts":[{"name":"ünïcode.✓"}]}}'.encode()
OLD, NEW = (webhook.new_secret(bytes([number]) * 32) for number in (1, 2))


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library, installed by its lock into a folder of the test's own."""
    folder = tmp_path_factory.mktemp("npm")
    node = node_folder()
    if node is None:
        pytest.skip("node and npm are not installed: the JavaScript library was not asked")
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, folder)
    options = ["--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1", "--fetch-timeout=20000"]
    command = [*program(node, "npm"), "ci", *options]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=100)
    if done.returncode and not os.environ.get("CI"):
        pytest.skip("npm reaches no registry from here: the JavaScript library was not asked")
    assert done.returncode == 0, done.stderr
    return folder


def verified(library: Path, *messages: tuple[str, Mapping[str, str], bytes]) -> list[dict[str, Any]]:
    """What the library says of each message (secret, headers, body)."""
    asked = [
        {"secret": secret, "headers": dict(headers), "body": base64.b64encode(body).decode()}
        for secret, headers, body in messages
    ]
    done = subprocess.run(
        [f"{node_folder()}/node", str(HERE / "verify.mjs")],
        input=json.dumps(asked),
        cwd=library,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.slow
def test_the_library_accepts_what_we_sign_and_nothing_else(library: Path) -> None:
    now = datetime.now(UTC)
    one = webhook.headers("msg_w_1", BODY, [OLD], now)
    both = webhook.headers("msg_w_1", BODY, [NEW, OLD], now)
    late = webhook.headers("msg_w_1", BODY, [OLD], now - timedelta(minutes=6))
    found = verified(
        library,
        (OLD, one, BODY),
        (OLD, both, BODY),
        (NEW, both, BODY),
        (NEW, one, BODY),
        (OLD, one, BODY + b" "),
        (OLD, one | {"webhook-id": "msg_w_2"}, BODY),
        (OLD, late, BODY),
    )
    assert [message["accepted"] for message in found] == [True, True, True, False, False, False, False]
    assert found[0]["type"] == "release.applied"
