"""Every kind of failure has its exit code, a sentence and a hint; nothing that is printed can steer a terminal."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cuebook import errors
from cuebook.cli.failures import EXIT_CODES, exit_code, explain
from cuebook.cli.show import plain
from tests.cli.conftest import Command


@pytest.mark.parametrize("kind", list(errors.CODES.values()))
def test_every_refusal_has_a_code_of_its_kind(kind: type[errors.CuebookError]) -> None:
    assert exit_code(kind()) in {3, 4, 5, 6, 7, 8}
    assert exit_code(RuntimeError()) == 1


def test_kinds_that_scripts_tell_apart_differ() -> None:
    apart = (errors.Misconfigured, errors.Forbidden, errors.NotFound, errors.Conflict, errors.Invalid, errors.Unavailable)
    assert len({EXIT_CODES[kind] for kind in apart}) == len(apart)


def test_a_policy_says_each_rule_that_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    rules = [{"rule": "a", "passed": True, "sentence": "Fine."}, {"rule": "b", "passed": False, "sentence": "Not live there."}]
    explain(errors.PolicyRefused("Refused.", data={"decision": {"rules": rules}}))
    assert capsys.readouterr().err.splitlines()[:2] == ["Refused.", "  Not live there."]


@given(st.text())
def test_nothing_steers_the_terminal(text: str) -> None:
    assert all(c == "\n" or c.isprintable() or ord(c) > 0x9F for c in plain(text))
    assert "\x1b" not in plain(f"{text}\x1b[2J")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ((), 2),
        (("nonsense",), 2),
        (("get",), 2),
        (("promote", "a@x", "--to", "staging"), 2),
        (("promote", "a@0", "--to", "staging"), 2),
        (("render", "a", "-v", "novalue"), 2),
        (("render", "a", "-v", "n:=nojson"), 2),
        (("status",), 3),
        (("get", "a"), 3),
        (("--profile", "gone", "status"), 3),
        (("--url", "ftp://x", "status"), 3),
        (("import", "no-such-folder"), 3),
        (("audit", "verify", "no-such-file"), 7),
    ],
)
def test_a_command_that_cannot_start_says_why(bare: Command, arguments: tuple[str, ...], code: int) -> None:
    ran = bare(*arguments)
    assert ran.code == code
    assert ran.err or code == 2
    assert "Traceback" not in ran.err


def test_without_a_server_it_is_unavailable(bare: Command) -> None:
    ran = bare("get", "a", environment={"CUEBOOK_URL": "http://127.0.0.1:1", "CUEBOOK_KEY": "cue_x"})
    assert (ran.code, "127.0.0.1:1" in ran.err) == (8, True)


def test_a_base_install_says_what_to_install() -> None:
    hidden = (
        "import importlib.util as u; real = u.find_spec; u.find_spec = lambda n, *a: None if n == 'typer' else real(n, *a);"
        "from cuebook.cli import main; main(['status'])"
    )
    ran = subprocess.run([sys.executable, "-c", hidden], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (3, "")
    assert "pip install 'cuebook[cli]'" in ran.stderr
