"""check, and what save says and asks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.adapters.test_aids import TOKEN
from tests.cli.conftest import Command
from tests.support.server import Server


def test_check_names_the_place_and_saves_nothing(cuebook: Command, name: str) -> None:
    ran = cuebook("check", name, "-", stdin=b"Sort\n  {{#if}} {{mail}}")
    assert (ran.code, ran.text.splitlines()[0]) == (
        0,
        "text 2:3: Two braces that are no variable: they stay as they are written.",
    )
    assert "tokens (o200k_base" in ran.text
    assert cuebook("get", name).code == 5
    assert cuebook("check", name, "-", "--strict", stdin=b"{{#if}}").code == 1
    assert cuebook("check", name, "-", "--strict", stdin=b"Sort {{mail}}").text.startswith("Nothing stands out.\n")


def test_a_secret_ends_a_check_with_1_and_is_not_repeated(cuebook: Command, name: str) -> None:
    ran = cuebook("check", name, "-", stdin=f"Use {TOKEN}".encode())
    assert ran.code == 1
    assert "text 1:5: This looks like a secret (GitHub Token)." in ran.text
    assert TOKEN not in ran.text + ran.err


def test_a_price_has_its_source(cuebook: Command, name: str, tmp_path: Path) -> None:
    file = tmp_path / "a.prompt.md"
    file.write_text("---\nmodel: {provider: openai, name: gpt-4o}\n---\nHello")
    assert "$0.0000" in (ran := cuebook("check", name, str(file))).text
    assert "genai-prices" in ran.text
    assert cuebook("check", name, str(file), "--json").json["cost"]["usd"] > 0


def test_save_warns_and_goes_on(cuebook: Command, name: str) -> None:
    ran = cuebook("save", name, "-", stdin=f"Use {TOKEN}".encode())
    assert (ran.code, ran.text) == (0, f"{name} is version 1, live in development\n")
    assert "looks like a secret" in ran.err


def test_on_a_terminal_save_asks_first(server: Server, name: str, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(f"Use {TOKEN}")
    command = [sys.executable, "-c", "from cuebook.cli import main; main()", "save", name, str(tmp_path / "a.txt")]
    for answer, expected in ((b"n\n", 1), (b"y\n", 0)):
        keyboard, terminal = os.openpty()
        os.write(keyboard, answer)
        ran = subprocess.run(
            command, stdin=terminal, capture_output=True, env=os.environ | server.environment(), timeout=60, check=False
        )
        os.close(terminal)
        os.close(keyboard)
        assert (ran.returncode, b"Save it anyway?" in ran.stderr) == (expected, True)
