"""The surface is a list; importing it is cheap; and it is typed for its users."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import cuebook

USE = """
from collections.abc import Callable
import importlib.resources
from typing import Literal, assert_type
import cuebook
from cuebook.testing import FakeClient

client = cuebook.Client("http://127.0.0.1", "key", refresh_s=5.0, on_change=lambda state: print(state.revision))
cuebook.Client(bundle=importlib.resources.files("a") / "b", disk=False, require="fresh", max_stale=60, on_max_stale="raise")
prompt = client.get("a", fallback=lambda: "text")
assert_type(prompt, cuebook.Prompt)
assert_type(prompt.version, int | None)
assert_type(prompt.source, Literal["network", "disk", "bundle", "fallback"])
assert_type(prompt.age, float)
call = prompt.render({"a": 1}, b="2")
assert_type(call, cuebook.Call)
assert_type(call.text, str)
assert_type(client.get_many(["a"]), dict[str, cuebook.Prompt])
assert_type(client.session("s"), cuebook.Session)
assert_type(client.session("s").get("a"), cuebook.Prompt)
assert_type(client.wait_for_revision(1), bool)
assert_type(client.state.source, Literal["network", "disk", "bundle", "fallback"] | None)
reads: Callable[[str], cuebook.Prompt] = FakeClient({"a": "text"}).get

async def use(client: cuebook.AsyncClient) -> None:
    assert_type(await client.get("a"), cuebook.Prompt)
    async with client as same:
        assert_type(same, cuebook.AsyncClient)

try:
    call.openai(model="m")
except cuebook.MissingVariables as error:
    assert_type(error.names, tuple[str, ...])
except cuebook.CuebookError as error:
    assert_type(error.hint, str)
"""
WRONG = """
import cuebook
cuebook.Client(refresh="often")
cuebook.Client().get(1)
cuebook.Client().get("a").version = 2
cuebook.Clint
"""


def test_the_public_names_are_a_sorted_list_and_all_there() -> None:
    assert cuebook.__all__ == sorted(set(cuebook.__all__))
    assert all(getattr(cuebook, name).__name__ == name for name in cuebook.__all__)
    assert set(cuebook.__all__) <= set(dir(cuebook))
    with pytest.raises(AttributeError, match="Clint"):
        cuebook.Clint  # type: ignore[attr-defined]  # noqa: B018 - the point is that it is not there


@pytest.mark.parametrize(
    "module",
    [
        "cuebook",
        "cuebook.template",
        "cuebook.rendering",
        "cuebook.wire",
        "cuebook.errors",
        "cuebook.delivery",
        "cuebook.engine",
    ],
)
def test_what_needs_no_network_imports_none(module: str) -> None:
    code = f"import {module}, sys; print(sorted({{'httpx2', 'ssl', 'asyncio', 'pytest'}} & set(sys.modules)))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"


def _mypy(folder: Path, code: str) -> subprocess.CompletedProcess[str]:
    (folder / "use.py").write_text(code)
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--cache-dir", ".mypy_cache", str(folder / "use.py")]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_users_get_types(tmp_path: Path) -> None:
    checked = _mypy(tmp_path, USE)
    assert checked.returncode == 0, checked.stdout


def test_users_get_their_mistakes_shown(tmp_path: Path) -> None:
    found = [line.rpartition("[")[2].rstrip("]") for line in _mypy(tmp_path, WRONG).stdout.splitlines() if ": error:" in line]
    assert found == ["call-arg", "arg-type", "misc", "attr-defined"]
