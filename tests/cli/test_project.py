"""env, keys, tokens and audit against a real server."""

from __future__ import annotations

import json
import subprocess
import uuid
from pathlib import Path

import pytest

from cuebook.admin import AdminClient
from tests.cli.conftest import Command
from tests.support.server import Server
from tests.support.server import cuebook as command_line


@pytest.fixture
def project(cuebook: Command, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """A project of the test's own, so that its environments show up nowhere else."""
    name = f"p-{uuid.uuid4().hex[:8]}"
    with AdminClient(server.url, server.token, "") as admin:
        admin.create_project(name)
    monkeypatch.setenv("CUEBOOK_PROJECT", name)


@pytest.mark.usefixtures("project")
def test_environments_are_listed_in_their_order(cuebook: Command) -> None:
    names = [row["name"] for row in cuebook("env", "list", "--json").json["items"]]
    assert names == ["development", "staging", "production"]
    assert "comes from" in cuebook("env", "list").text


@pytest.mark.usefixtures("project")
def test_an_environment_is_made_shown_and_changed(cuebook: Command) -> None:
    assert cuebook("env", "create", "qa", "comes_from=staging").code == 0
    assert cuebook("env", "set", "qa", "reason_required=false", "pins=any").code == 0
    policy = cuebook("env", "show", "qa", "--json").json["policy"]
    assert (policy["comes_from"], policy["reason_required"], policy["pins"]) == ("staging", False, "any")
    assert cuebook("env", "create", "qa").code == 6
    assert cuebook("env", "set", "qa", "nonsense=1").code == 7
    assert cuebook("env", "set", "qa").code == 2


@pytest.mark.usefixtures("project")
def test_with_several_projects_one_must_be_named(cuebook: Command) -> None:
    ran = cuebook("status", environment={"CUEBOOK_PROJECT": ""})
    assert ran.code == 3
    assert "CUEBOOK_PROJECT" in ran.err


def test_a_key_is_made_used_rotated_and_revoked(cuebook: Command, bare: Command, server: Server) -> None:
    def works(key: str) -> bool:
        return bare("get", "support.triage", environment={"CUEBOOK_TOKEN": "", "CUEBOOK_KEY": key}).code == 0

    first = cuebook("keys", "create", "production", "--name", "shop", "--expires", "90d").text.strip()
    assert (works(first), first.startswith("cue_prd_")) == (True, True)
    second = cuebook("keys", "rotate", first, "--overlap", "0s").text.strip()
    assert (works(first), works(second)) == (False, True)
    assert cuebook("keys", "revoke", second.split("_")[2]).code == 0
    assert not works(second)


def test_secrets_are_printed_once_and_alone(cuebook: Command) -> None:
    made = cuebook("keys", "create", "staging")
    assert len(made.text.split()) == 1
    assert made.text.strip() not in cuebook("keys", "list").text + cuebook("keys", "list", "--json").text
    token = cuebook("tokens", "create", "ci", "--role", "viewer")
    assert token.text.startswith("cue_svc_")
    assert token.text.strip() not in cuebook("tokens", "list", "--json").text


def test_a_viewers_token_reads_and_does_not_write(cuebook: Command, name: str) -> None:
    token = cuebook("tokens", "create", "eyes", "--role", "viewer", "--json").json
    viewing = {"CUEBOOK_TOKEN": token["token"]}
    assert cuebook("status", environment=viewing).code == 0
    assert cuebook("save", name, "-", stdin=b"x", environment=viewing).code == 4
    assert cuebook("tokens", "revoke", token["selector"]).code == 0
    assert cuebook("status", environment=viewing).code == 4


@pytest.mark.parametrize("span", ["never", "-1d", ""])
def test_a_span_that_is_none_is_refused(cuebook: Command, span: str) -> None:
    assert cuebook("keys", "rotate", "aaaaaaaaaaaaa", "--overlap", span).code == 7


def test_an_export_of_the_chain_is_checked_without_a_server(cuebook: Command, bare: Command, tmp_path: Path) -> None:
    path = str(tmp_path / "audit.jsonl")
    assert cuebook("audit", "export", path).code == 0
    offline = {"CUEBOOK_URL": "", "CUEBOOK_TOKEN": ""}
    ran = bare("audit", "verify", path, "--json", environment=offline)
    assert (ran.code, ran.json["intact"]) == (0, True)
    assert cuebook("audit", "export").out.startswith(Path(path).read_bytes())
    assert cuebook("audit", "verify").code == 0


@pytest.mark.parametrize("harm", ["change", "drop", "swap", "garble"])
def test_a_chain_that_was_touched_is_broken(cuebook: Command, bare: Command, tmp_path: Path, harm: str) -> None:
    path = tmp_path / "audit.jsonl"
    cuebook("audit", "export", str(path))
    lines = path.read_bytes().splitlines(keepends=True)
    if harm == "change":
        lines[2] = json.dumps(json.loads(lines[2]) | {"reason": "other"}).encode() + b"\n"
    elif harm == "drop":
        del lines[2]
    elif harm == "swap":
        lines[2:4] = lines[3:1:-1]
    else:
        lines[2] = b"{" + lines[2]
    path.write_bytes(b"".join(lines))
    ran = bare("audit", "verify", str(path), "--json")
    assert (ran.code, ran.json["broken_at"]) == (9, 3)


@pytest.mark.parametrize(
    ("line", "completed"),
    [
        ("cuebook get support.tri", ["support.triage"]),
        ("cuebook get support.triage --version st", ["staging"]),
        ("cuebook promote support.triage --to prod", ["production"]),
        ("cuebook at prod", ["production"]),
        ("cuebook get support.triage --version lat", ["latest"]),
        ("cuebook rollb", ["rollback"]),
    ],
)
def test_the_shell_completes_names(server: Server, line: str, completed: list[str]) -> None:
    asked = {"COMP_WORDS": line, "COMP_CWORD": str(len(line.split()) - 1), "_CUEBOOK_COMPLETE": "complete_bash"}
    ran = subprocess.run(
        command_line(), env=server.environment() | asked, capture_output=True, text=True, check=False, timeout=60
    )
    assert ran.stdout.split() == completed


def test_output_is_whole_where_the_terminal_only_speaks_ascii(server: Server) -> None:
    ascii_only = server.environment() | {"PYTHONIOENCODING": "ascii", "LC_ALL": "C", "PYTHONUTF8": "0"}
    for arguments, expected in ((["search", "triage"], b"support.triage"), (["get", "support.triage"], b"facility")):
        ran = subprocess.run([str(command_line()), *arguments], env=ascii_only, capture_output=True, check=False, timeout=60)
        assert (ran.returncode, expected in ran.stdout) == (0, True)
