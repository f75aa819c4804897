"""Git histories as versions: small repositories made here, and a real one with everything that goes wrong in years."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from dulwich import porcelain
from dulwich.bundle import create_bundle_from_repo, write_bundle
from dulwich.objects import Commit
from dulwich.refs import Ref
from dulwich.repo import Repo

from cuebook.errors import Invalid
from cuebook.importing import Options
from tests.importing.reading import SHARED, items, problems, text

BUNDLE = SHARED / "histories" / "fabric-prompts.bundle"
SIDE = Ref(b"refs/heads/side")
LONG = "\n".join(f"line {number} of a prompt that is long enough to be known again" for number in range(20))


class History:
    """A repository that grows commit by commit, a day apart."""

    def __init__(self, root: Path) -> None:
        self.root, self.day = root, 0
        porcelain.init(str(root))

    def commit(self, message: str = "change", *, merging: bool = False, **files: str | bytes | None) -> None:
        """Write files (``None`` deletes one; ``__`` in a name stands for a slash) and commit everything."""
        for name, data in files.items():
            path = self.root / (name.replace("__", "/") + ".md")
            if data is None:
                porcelain.remove(str(self.root), [str(path)])
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data if isinstance(data, bytes) else data.encode())
            porcelain.add(str(self.root), [str(path)])
        with Repo(str(self.root)) as repo:
            side = [repo.refs[SIDE]] if merging else []
            repo.get_worktree().commit(message.encode(), merge_heads=side, **self._signed())

    def fork(self) -> None:
        """A commit on a side branch that changes nothing, to be merged later."""
        with Repo(str(self.root)) as repo:
            tip = repo[repo.head()]
            assert isinstance(tip, Commit)
            repo.get_worktree().commit(b"side", tree=tip.tree, merge_heads=[tip.id], ref=SIDE, **self._signed())

    def _signed(self) -> dict[str, Any]:
        self.day += 1
        when = 1_700_000_000 + 86_400 * self.day
        people = {"author": b"Bea <bea@example.org>", "committer": b"Ann <ann@example.org>"}
        return people | {"commit_timestamp": when, "author_timestamp": when, "commit_timezone": 0, "author_timezone": 3600}


@pytest.fixture
def history(tmp_path: Path) -> History:
    return History(tmp_path / "repo")


def test_each_change_is_a_version_with_its_origin(history: History) -> None:
    history.commit("First", support__triage="a")
    history.commit("Second", support__triage="b")
    one, two = items(history.root)
    assert [(i.name, text(i), i.message) for i in (one, two)] == [
        ("support.triage", "a", "First"),
        ("support.triage", "b", "Second"),
    ]
    assert (one.provenance["author"], one.provenance["authored_at"]) == ("Bea", "2023-11-15T23:13:20+01:00")
    assert one.import_key == f"git:{one.provenance['commit']}:support/triage.md"


def test_a_rename_keeps_the_history(history: History) -> None:
    history.commit(old=LONG)
    history.commit(old=None, new=LONG + "\nmore")
    assert [(i.name, i.provenance["path"]) for i in items(history.root)] == [("new", "old.md"), ("new", "new.md")]


def test_two_files_that_change_places_keep_their_histories(history: History) -> None:
    first, second = LONG, LONG.upper()
    history.commit(a=first, b=second)
    history.commit(a=None, b=None, c=first, d=second)
    history.commit(c=None, d=None, b=first, a=second)
    assert {i.name: text(i) for i in items(history.root)} == {"a": second, "b": first}


def test_an_exact_copy_has_the_history_of_what_it_copies(history: History) -> None:
    history.commit(a=LONG)
    history.commit(b=LONG)
    history.commit(b=LONG + "!")
    assert [text(i) for i in items(history.root) if i.name == "b"] == [LONG, LONG + "!"]


def test_a_file_that_was_deleted_and_came_back_goes_on(history: History) -> None:
    history.commit(a="x")
    history.commit(a=None, b="other")
    history.commit(a="x")
    history.commit(a="y")
    assert [text(i) for i in items(history.root) if i.name == "a"] == ["x", "y"]


def test_a_text_that_returns_is_a_version_again(history: History) -> None:
    for said in ("a", "b", "a"):
        history.commit(p=said)
    found = items(history.root)
    assert [text(i) for i in found] == ["a", "b", "a"]
    assert len({i.import_key for i in found}) == 3


def test_only_files_of_the_newest_commit_become_prompts(history: History) -> None:
    history.commit(a="x", b="y")
    history.commit(b=None)
    assert {i.name for i in items(history.root)} == {"a"}


def test_empty_binary_and_foreign_bytes_are_reported(history: History) -> None:
    history.commit(a=b"", b=b"x\x00", c=b"\xff", d="good")
    assert [i.name for i in items(history.root)] == ["d"]
    assert [(kind, reason[:12]) for kind, _, reason in problems(history.root)] == [
        ("skipped", "it is empty "),
        ("refused", "it is binary"),
        ("refused", "it is not UT"),
    ]


def test_bytes_are_exact(history: History) -> None:
    history.commit(a=b"\xef\xbb\xbfa\r\nb\r")
    assert text(items(history.root)[0]).encode() == b"\xef\xbb\xbfa\r\nb\r"


def test_without_history_the_files_are_read(history: History) -> None:
    history.commit(a="x")
    history.commit(a="y")
    assert [text(i) for i in items(history.root, Options(history=False))] == ["y"]


def test_a_merge_that_alone_has_the_last_text_is_a_version(history: History) -> None:
    history.commit(a="base")
    history.fork()
    history.commit(a="ours")
    history.commit("Merged by hand", merging=True, a="both")
    found = items(history.root)
    assert [(text(i), i.message) for i in found] == [("base", "change"), ("ours", "change"), ("both", "Merged by hand")]


def test_a_bundle_is_read_like_the_repository(history: History, tmp_path: Path) -> None:
    history.commit(a="x")
    history.commit(a="y")
    with Repo(str(history.root)) as repo, create_bundle_from_repo(repo) as bundle, (tmp_path / "a.bundle").open("wb") as file:
        write_bundle(file, bundle)
    assert items(tmp_path / "a.bundle") == items(history.root)


@pytest.mark.parametrize("data", [b"", b"# v2 git bundle\n", b"# v2 git bundle\n" + b"0" * 40 + b" refs/heads/main\n\nPACK"])
def test_a_bundle_that_is_none_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.bundle").write_bytes(data)
    with pytest.raises(Invalid, match="bundle"):
        items(tmp_path / "a.bundle")


@pytest.mark.parametrize("place", [0.3, 0.6, 0.9])
def test_a_damaged_bundle_is_refused(history: History, tmp_path: Path, place: float) -> None:
    history.commit(a=LONG)
    with Repo(str(history.root)) as repo, create_bundle_from_repo(repo) as bundle, (tmp_path / "a.bundle").open("wb") as file:
        write_bundle(file, bundle)
    data = (tmp_path / "a.bundle").read_bytes()
    (tmp_path / "a.bundle").write_bytes(data[: int(len(data) * place)])
    with pytest.raises(Invalid, match="damaged"):
        items(tmp_path / "a.bundle")


def test_a_repository_without_a_commit_is_refused(history: History) -> None:
    with pytest.raises(Invalid, match="no commit"):
        items(history.root)


@pytest.mark.parametrize("name", ["extract_wisdom", "analyze_prose_json", "analyze_paper", "create_summary", "label_and_rate"])
def test_a_real_history_is_the_one_git_log_follow_shows(name: str) -> None:
    if not BUNDLE.exists():
        pytest.skip("the large data sets are not here: expected in ../shared/data")
    rows = [json.loads(line) for line in (BUNDLE.parent / f"fabric_{name}.jsonl").read_bytes().splitlines()]
    found = items(BUNDLE, Options(match=f"*/{name}/system.md"))
    assert [text(item) for item in found] == [row["content"] for row in rows]
    assert [item.provenance["commit"] for item in found] == [row["commit"] for row in rows]
    assert [item.provenance["author"] for item in found] == [row["author"] for row in rows]
