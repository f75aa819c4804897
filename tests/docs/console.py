"""Runs the console examples of a page: what it says one gets is what one gets.

A fenced block with the word ``console`` holds commands after ``$ ``, their further lines after ``> ``, and below each command
what it prints. ``...`` within a line stands for anything, as a line of its own for any lines. All blocks of a page run in one
shell, one after the other, so a variable set in the first is there in the last. Every command must succeed.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

SECONDS_MAX = 280
_BLOCK = re.compile(r"^```console\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
_MARK = "--- ended with "


@dataclass(frozen=True, slots=True)
class Example:
    """A command, and what the page says it prints; ``line`` is where it stands."""

    line: int
    command: str
    output: str

    def fits(self, printed: str) -> bool:
        """Whether what was printed is what the page says."""
        wanted = "".join(_pattern(line) for line in self.output.splitlines())
        return re.fullmatch(wanted, printed.rstrip("\n") + "\n" if printed.strip() else "") is not None


def examples(page: str) -> Iterator[Example]:
    """The examples of a page, in order."""
    for block in _BLOCK.finditer(page):
        line = page.count("\n", 0, block.start()) + 2
        for part in re.split(r"^(?=\$ )", block["body"], flags=re.MULTILINE):
            if part:
                command, output = _split(part)
                yield Example(line, command, output)
            line += part.count("\n")


def run(found: list[Example], folder: Path, environment: Mapping[str, str]) -> list[tuple[str, int]]:
    """What each of them prints (standard output and error together) and its exit code, in one shell started in ``folder``."""
    script = "".join(f"{example.command}\necho '{_MARK}'$?\n" for example in found)
    done = subprocess.run(
        ["bash", "-c", script],
        stdin=subprocess.DEVNULL,
        cwd=folder,
        env=dict(environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=SECONDS_MAX,
    )
    ended = re.findall(rf"(.*?){re.escape(_MARK)}(\d+)\n", done.stdout, re.DOTALL)
    printed = [(text, int(code)) for text, code in ended]
    return printed + [("(nothing: the shell had ended)\n", done.returncode)] * (len(found) - len(printed))


def check(page: Path, folder: Path, environment: Mapping[str, str]) -> None:
    """Run a page's examples; AssertionError names the first that fails or prints something else."""
    found = list(examples(page.read_text(encoding="utf-8")))
    assert found, f"{page.name} has no examples"
    for example, (printed, code) in zip(found, run(found, folder, environment), strict=True):
        where = f"{page.name}:{example.line}: {example.command}"
        assert code == 0, f"{where}\n--- it ends with {code} and prints ---\n{printed}"
        assert example.fits(printed), f"{where}\n--- the page says ---\n{example.output}--- it prints ---\n{printed}"


def _split(part: str) -> tuple[str, str]:
    lines = part.splitlines(keepends=True)
    end = next((n for n, line in enumerate(lines[1:], 1) if not line.startswith(("> ", ">\n"))), len(lines))
    return "".join(line[2:] or "\n" for line in lines[:end]).rstrip("\n"), "".join(lines[end:])


def _pattern(line: str) -> str:
    if line.strip() == "...":
        return r"(?:.*\n)*?"
    return ".*".join(re.escape(piece) for piece in line.rstrip().split("...")) + r"[ ]*\n"
