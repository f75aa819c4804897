"""login, people, members and tokens of one's own, as people use them: against a real server."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest

from tests.cli.conftest import Command
from tests.support import web
from tests.support.passwords import PASSWORD
from tests.support.server import Server, start_server

AUTHOR, REVIEWER = "author@example.org", "reviewer+desk@example.org"


@pytest.fixture(scope="module")
def settled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with a first account."""
    server = start_server(tmp_path_factory.mktemp("settled"))
    settle(server)
    yield server
    server.stop()


@pytest.fixture
def shared(settled: Server, bare: Command) -> Server:
    """A server with the first account, which is signed in; for tests that change neither accounts nor roles."""
    return sign_in(bare, settled)


@pytest.fixture
def own(start_server: Callable[..., Server], bare: Command) -> Server:
    """A server of the test's own, with a first account that is signed in."""
    server = start_server()
    settle(server)
    return sign_in(bare, server)


def settle(server: Server) -> None:
    (secret,) = re.findall(rf"^Make the first account at {re.escape(server.url)}/set-up#(\S+)$", server.output, re.MULTILINE)
    form = {"secret": secret, "login": AUTHOR, "name": "Author", "password": PASSWORD}
    assert web.post(f"{server.url}/set-up", data=form, headers={"Origin": server.url}).status_code == 303


def sign_in(bare: Command, server: Server) -> Server:
    assert bare("--url", server.url, "login", AUTHOR, stdin=f"{PASSWORD}\n".encode()).code == 0
    return server


@pytest.mark.usefixtures("shared")
def test_who_is_signed_in_needs_no_setting(bare: Command) -> None:
    me = bare("whoami", "--json").json
    assert (me["person"], [grant["role"] for grant in me["grants"]]) == (AUTHOR, ["admin"])
    assert "admin" in bare("whoami").text
    assert bare("status").code == 0
    assert bare("logout").code == 0
    assert bare("whoami").code == 3


def test_a_session_is_kept_for_its_server_and_its_owner_alone(bare: Command, shared: Server) -> None:
    from cuebook.cli import logins

    assert logins.path().stat().st_mode & 0o777 == 0o600
    assert bare("--url", "http://127.0.0.1:9", "whoami").code == 3
    assert bare("--url", shared.url, "whoami").code == 0


def test_a_wrong_password_signs_nobody_in(bare: Command, shared: Server) -> None:
    assert bare("--url", shared.url, "login", AUTHOR, stdin=b"wrong\n").code == 4
    assert bare("--url", shared.url, "login", AUTHOR).code == 7


def test_somebody_is_invited_given_a_role_and_let_go(bare: Command, own: Server) -> None:
    link = bare("people", "invite", REVIEWER, "--role", "author").text.strip()
    secret = link.removeprefix(f"{own.url}/invitation#")
    bare("people", "invite", "astray@example.org")
    (astray, _) = bare("people", "invitations", "--json").json["items"]
    assert bare("people", "withdraw", astray["id"]).text.strip() == "The invitation of astray@example.org counts no more."
    assert f"{REVIEWER}  author in default" in bare("people", "invitations").text
    form = {"secret": secret, "name": "Reviewer", "password": PASSWORD}
    assert web.post(f"{own.url}/invitation", data=form, headers={"Origin": own.url}).status_code == 303
    assert bare("members", "add", REVIEWER, "--role", "releaser", "--env", "staging").code == 0
    held = [(row["login"], row["role"], row["environment"]) for row in bare("members", "list", "--json").json["items"]]
    assert held == [(AUTHOR, "admin", None), (REVIEWER, "author", None), (REVIEWER, "releaser", "staging")]
    assert bare("members", "remove", REVIEWER, "--role", "releaser", "--env", "staging").code == 0
    assert bare("members", "remove", REVIEWER, "--role", "releaser", "--env", "staging").code == 5
    assert bare("people", "disable", REVIEWER).code == 0
    assert "disabled" in bare("people", "list").text
    assert bare("people", "enable", REVIEWER).code == 0
    assert bare("people", "disable", AUTHOR).code == 6


def test_what_somebody_may_do_everywhere_is_changed(bare: Command, own: Server) -> None:
    link = bare("people", "invite", REVIEWER).text.strip()
    form = {"secret": link.rpartition("#")[2], "name": "Reviewer", "password": PASSWORD}
    assert web.post(f"{own.url}/invitation", data=form, headers={"Origin": own.url}).status_code == 303
    assert "Somebody else could approve" not in bare("status").text
    assert bare("people", "grant", REVIEWER, "--role", "reviewer").text == f"{REVIEWER} is reviewer in every project.\n"
    assert "Somebody else could approve: `cuebook env preset production team`" in bare("status").text
    assert bare("people", "revoke", REVIEWER, "--role", "reviewer").code == 0
    assert bare("people", "revoke", REVIEWER, "--role", "reviewer").code == 5
    assert bare("people", "revoke", AUTHOR, "--role", "admin").code == 6


def test_the_token_of_the_first_start_is_ended(bare: Command, own: Server) -> None:
    (token,) = bare("tokens", "list", "--everywhere", "--json").json["items"]
    assert token["name"] == "first-run"
    assert bare("tokens", "revoke", own.token, "--everywhere").code == 0
    assert bare("whoami", environment={"CUEBOOK_URL": own.url, "CUEBOOK_TOKEN": own.token}).code == 4
    assert bare("whoami").code == 0


@pytest.mark.usefixtures("shared")
def test_tokens_are_narrowed(bare: Command) -> None:
    made = bare("tokens", "create", "mine", "--mine", "--scope", "prompts.write", "--json").json
    assert (made["scopes"], made["token"][:8]) == (["prompts.write", "read"], "cue_pat_")
    made = bare("tokens", "create", "ci", "--role", "admin", "--scope", "releases.propose", "--json").json
    assert (made["scopes"], made["owner"], made["token"][:8]) == (["read", "releases.propose"], AUTHOR, "cue_svc_")
    assert bare("tokens", "create", "ci", "--scope", "everything").code == 7


def test_an_operator_makes_a_link_to_a_new_password(bare: Command, own: Server) -> None:
    link = bare("people", "reset-link", AUTHOR, "--data", str(own.data)).text.strip()
    assert link.startswith(f"{own.url}/reset#")  # of the server that runs, whose port the settings do not know
    new = f"{PASSWORD} and more"
    form = {"secret": link, "password": new}
    assert web.post(f"{own.url}/reset", data=form, headers={"Origin": own.url}).headers["location"] == "/sign-in"
    assert bare("whoami").code == 4
    assert bare("--url", own.url, "login", AUTHOR, stdin=f"{new}\n".encode()).code == 0
    assert bare("people", "reset-link", REVIEWER, "--data", str(own.data)).code == 1
