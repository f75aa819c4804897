"""Prompts that real people wrote go in by the command line and come out of every door byte for byte."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx2
import pytest

from cuebook import Client
from tests.cli.conftest import Command
from tests.importing.reading import SHARED
from tests.support.server import Server

SAMPLE = Path(__file__).parents[1] / "data/awesome-chatgpt-prompts/prompts.sample.jsonl"
ALL = SHARED / "awesome-chatgpt-prompts/prompts.dev.jsonl"


def _pick(path: Path) -> Path:
    if not path.exists():
        pytest.skip("the large data sets are not here: expected in ../shared/data")
    return path


@pytest.mark.parametrize("path", [SAMPLE, pytest.param(ALL, marks=pytest.mark.slow)], ids=["sample", "all"])
@pytest.mark.parametrize("literal", [False, True], ids=["template", "literal"])
def test_every_text_comes_out_as_it_was(path: Path, literal: bool, cuebook: Command, server: Server) -> None:
    prefix = f"real-{path.suffixes[0][1:]}-{'literal' if literal else 'template'}"
    flags = ["--literal"] if literal else []
    wanted = ("--name", "act", "--text", "prompt", "--prefix", prefix, "--json")
    imported = cuebook("import", str(_pick(path)), *wanted, *flags).json
    rows = [json.loads(line)["prompt"] for line in path.read_bytes().splitlines()]
    assert imported["summary"] == {"created": len(rows), "unchanged": 0, "refused": 0, "skipped": 0}
    texts = dict(zip([item["name"] for item in imported["items"]], rows, strict=True))
    _by_http(server, texts, literal=literal)
    _by_sdk(server, texts, literal=literal)


def _by_http(server: Server, texts: dict[str, str], *, literal: bool) -> None:
    with httpx2.Client(base_url=server.url, headers={"Authorization": f"Bearer {server.keys['development']}"}) as client:
        for name, text in texts.items():
            if literal:
                found = client.post(f"/v1/prompts/{name}/render", json={"variables": {}})
            else:
                found = client.get(f"/v1/prompts/{name}")
            assert found.status_code == 200, (name, found.text)
            assert found.json()["text"].encode() == text.encode(), name


def _by_sdk(server: Server, texts: dict[str, str], *, literal: bool) -> None:
    with Client(server.url, server.keys["development"], timeout_s=30) as client:
        for name, prompt in client.get_many(texts).items():
            found: Any = prompt.render().text if literal else prompt.text
            assert found == texts[name], name
