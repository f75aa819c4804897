"""The runner of examples itself: it must fail when a page is wrong."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.docs import console

PAGE = """
```console
$ name=world
$ echo "hello $name"
hello ...
```
Text between, and a block that is no console:
```
$ false
```
```console
$ cat <<END
> one
> two
>
> three
> $name
> END
one
...
world
```
"""


def test_examples_share_one_shell_and_dots_stand_for_anything(tmp_path: Path) -> None:
    _check(tmp_path, PAGE)


@pytest.mark.parametrize(
    "wrong",
    [
        PAGE.replace("hello ...", "goodbye ..."),
        PAGE.replace("\nworld\n", "\nmoon\n"),
        PAGE.replace("hello ...\n", ""),
        PAGE.replace("name=world", "name=world; echo more"),
        PAGE.replace("name=world", "exit 1"),
        PAGE.replace("name=world", "name=world; false"),
        "a page without examples",
    ],
)
def test_a_page_that_says_something_else_fails(tmp_path: Path, wrong: str) -> None:
    with pytest.raises(AssertionError):
        _check(tmp_path, wrong)


def test_a_failure_says_where_and_what() -> None:
    first, second, third = console.examples(PAGE)
    assert (first.line, first.command, first.output) == (3, "name=world", "")
    assert (second.line, second.output) == (4, "hello ...\n")
    assert third.command.splitlines()[1:3] == ["one", "two"]
    assert third.command.splitlines()[3] == ""


def _check(folder: Path, text: str) -> None:
    page = folder / "page.md"
    page.write_text(text)
    console.check(page, folder, os.environ)
