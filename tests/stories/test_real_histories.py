"""The history of a real prompt, as it lies in Git, becomes versions whose differences are those that Git finds."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

import pytest

from cuebook.admin import AdminClient
from tests.cli.conftest import Command
from tests.importing.reading import SHARED
from tests.support.server import Server

SMALL = Path(__file__).parents[1] / "data/histories"
LARGE = SHARED / "histories"
# DESIGN: what is highlighted may be at most so many times what Git finds.
TIMES_MAX = 1.15


def _agrees(admin: AdminClient, name: str, pairs: Path) -> None:
    found = json.loads(pairs.read_text(encoding="utf-8"))
    assert found
    for pair in found:
        shown = admin.diff(name, str(pair["from"]), str(pair["to"]))
        ours = sum(prose["words_added"] + prose["words_removed"] for prose in shown["prose"])
        assert ours <= TIMES_MAX * (pair["git_words_ins"] + pair["git_words_del"]), (name, pair)


def test_a_saved_history_differs_as_git_says(server: Server) -> None:
    name = f"history-{uuid.uuid4().hex[:8]}.extract-wisdom"
    with AdminClient(server.url, server.token, server.project) as admin:
        for line in (SMALL / "fabric_extract_wisdom.jsonl").read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            admin.save(name, {"kind": "text", "text": row["content"]}, message=row["message"])
        _agrees(admin, name, SMALL / "fabric_extract_wisdom.gitdiff.json")


@pytest.mark.slow
@pytest.mark.parametrize("pattern", ["extract_wisdom", "analyze_prose_json"])
def test_an_imported_history_differs_as_git_says(pattern: str, cuebook: Command, server: Server) -> None:
    bundle = LARGE / "fabric-prompts.bundle"
    if not bundle.exists():
        pytest.skip("the large data sets are not here: expected in ../shared/data")
    prefix = f"git-{uuid.uuid4().hex[:8]}"
    path = f"*/patterns/{pattern}/system.md"
    ran = cuebook("import", str(bundle), "--prefix", prefix, "--match", path, "--json").json
    rows = [json.loads(line) for line in (LARGE / f"fabric_{pattern}.jsonl").read_text(encoding="utf-8").splitlines()]
    [name] = {item["name"] for item in ran["items"]}
    with AdminClient(server.url, server.token, server.project) as admin:
        texts = [admin.version(name, number)["content"]["text"] for number in range(1, len(rows) + 1)]
        assert texts == [row["content"] for row in rows]
        _agrees(admin, name, LARGE / f"fabric_{pattern}.gitdiff.json")
