"""The house rules that no linter knows. ``python -m tools.house`` names every place that breaks one; nothing said is well.

A rule is a generator over one file that yields (line, what is wrong and what to do). ``tests/architecture`` shows every rule
a file that breaks it. The reasons stand in CONTRIBUTING.md.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tokenize
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from io import StringIO
from pathlib import Path
from statistics import quantiles

FUNCTION_LINES_MAX = 60
FUNCTION_LINES_95_MAX = 40
FILE_LINES_MAX = 500

Finding = tuple[int, str]
FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class File:
    """One tracked file: its path from the root of the repository, with forward slashes, and its text."""

    path: str
    text: str


@cache
def _tree(file: File) -> ast.Module:
    return ast.parse(file.text, file.path)


@dataclass(frozen=True, slots=True)
class Rule:
    """What is looked for, and in which files."""

    find: Callable[[File], Iterable[Finding]]
    applies: re.Pattern[str]


# --- sizes -------------------------------------------------------------------------------------------------------------
def long_functions(file: File) -> Iterator[Finding]:
    """Functions of more lines than anybody keeps in mind."""
    for line, name, length in function_lengths(file):
        if length > FUNCTION_LINES_MAX:
            yield line, f"{name} has {length} lines, {FUNCTION_LINES_MAX} at most: split it where its comments would stand"


def long_file(file: File) -> Iterator[Finding]:
    """Files that hold more than one thing."""
    length = len(file.text.splitlines())
    if length > FILE_LINES_MAX and ".gen." not in file.path:
        yield FILE_LINES_MAX, f"the file has {length} lines, {FILE_LINES_MAX} at most: one file per word"


def function_lengths(file: File) -> Iterator[tuple[int, str, int]]:
    """Line, name and number of lines of every function, docstring included."""
    for node in ast.walk(_tree(file)):
        if isinstance(node, FunctionNode):
            assert node.end_lineno is not None
            yield node.lineno, node.name, node.end_lineno - node.lineno + 1


def many_long_functions(files: Iterable[File]) -> Iterator[str]:
    """Calm code is made of small parts: 95 of 100 functions stay within 40 lines."""
    lengths = [length for file in files if file.path.endswith(".py") for _, _, length in function_lengths(file)]
    if len(lengths) > 1 and (longest := quantiles(lengths, n=20, method="inclusive")[-1]) > FUNCTION_LINES_95_MAX:
        yield f"the 95th percentile of the functions has {longest:.0f} lines, {FUNCTION_LINES_95_MAX} at most"


# --- every Python there is -----------------------------------------------------------------------------------------------
_POSSESSIVE_GROUP = re.compile(r"(?<!\\)\)(?:[*+?]|\{\d*,?\d*\})\+|\(\?>")


def possessive_groups(file: File) -> Iterator[Finding]:
    """Python before 3.11.5, Debian 12's among them, takes what does not match when a group is repeated possessively."""
    for node in ast.walk(_tree(file)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _POSSESSIVE_GROUP.search(node.value):
            yield (
                node.lineno,
                "a pattern repeats a group possessively, which Python before 3.11.5 does wrong: leave the `+` out",
            )


# --- who may do what ---------------------------------------------------------------------------------------------------
def commits(file: File) -> Iterator[Finding]:
    """One use case is one transaction, so ``commit()`` stands in one place."""
    if file.path.endswith("cuebook_server/store/unit_of_work.py"):
        return
    for node in _calls(file):
        if isinstance(node.func, ast.Attribute) and node.func.attr == "commit":
            yield node.lineno, "only store/unit_of_work.py commits: open a unit of work"


def sql_outside_store(file: File) -> Iterator[Finding]:
    """The store is the only SQL."""
    for line, module in _imports(file):
        if module.split(".")[0] in {"sqlalchemy", "alembic", "psycopg", "psycopg_pool", "sqlite3", "pysqlite3"}:
            yield line, f"{module} is imported outside the store: ask a port of services/ports.py"


DOMAIN_MAY_IMPORT = re.compile(
    r"(__future__|abc|array|base64|bisect|collections|contextlib|dataclasses|datetime|enum|fractions|functools|hashlib|heapq|hmac"
    r"|ipaddress|itertools|json|math|operator|re|string|types|typing|unicodedata|urllib\.parse|zlib|zoneinfo"
    r"|jsonschema|rapidfuzz|referencing|rfc8785"
    r"|cuebook_server\.domain)(\.|$)|cuebook(\.(audit|rendering|template|variables|wire))?$"
)


def impure_domain(file: File) -> Iterator[Finding]:
    """The domain is frozen and knows nothing: no input or output, no clock, no chance. They come in as arguments."""
    for line, module in _imports(file):
        if not DOMAIN_MAY_IMPORT.match(module):
            yield line, f"the domain may not import {module}"
    for node in _calls(file):
        if isinstance(node.func, ast.Attribute) and node.func.attr in {"now", "utcnow", "today"}:
            yield node.lineno, f"the domain has no clock: take the time as an argument instead of .{node.func.attr}()"


_RUNS_CODE = frozenset({"eval", "exec", "compile", "__import__"})
_FORMATS = frozenset({"format", "format_map"})
_READS_CODE = frozenset({"pickle", "marshal", "shelve", "dill", "jinja2", "mako"})


def executed_data(file: File) -> Iterator[Finding]:
    """Nothing is executed that came out of a prompt; ``str.format`` walks attributes, so only our own constants use it."""
    for line, module in _imports(file):
        if module.split(".")[0] in _READS_CODE:
            yield line, f"{module} can run what it reads"
    for node in _calls(file):
        if isinstance(node.func, ast.Name) and node.func.id in _RUNS_CODE:
            yield node.lineno, f"{node.func.id}() runs what it is given"
        if isinstance(node.func, ast.Attribute) and node.func.attr in _FORMATS and not _constant(node.func.value):
            yield node.lineno, f".{node.func.attr}() on data reaches attributes: use cuebook.template, or an f-string"


# --- reasons -----------------------------------------------------------------------------------------------------------
_SWITCHED_OFF = re.compile(
    r"#\s*(?P<mark>noqa|type:\s*ignore|pragma:\s*no cover)"
    r"(?P<codes>\s*:\s*[A-Z]+\d+(?:\s*,\s*[A-Z]+\d+)*|\[[\w, -]+\])?(?P<why>.*)"
)
_SKIPS = re.compile(r"pytest\.(mark\.)?(skip|skipif|xfail)")


def silent_switches(file: File) -> Iterator[Finding]:
    """Every rule switched off says which, and why, on its line."""
    for token in tokenize.generate_tokens(StringIO(file.text).readline):
        if token.type == tokenize.COMMENT and (found := _SWITCHED_OFF.search(token.string)):
            line = token.start[0]
            mark = found["mark"]
            if not found["codes"] and not mark.startswith("pragma"):
                yield line, f"`{mark}` switches everything off: name the rule"
            elif len(re.findall(r"\w+", found["why"])) < 2:
                yield line, f"`{mark}` does not say why: add the reason on the same line"


def silent_skips(file: File) -> Iterator[Finding]:
    """A test that does not run says why."""
    called = {id(call.func): call for call in _calls(file)}
    for node in ast.walk(_tree(file)):
        if not isinstance(node, ast.Attribute) or not _SKIPS.fullmatch(name := ast.unparse(node)):
            continue
        call = called.get(id(node))
        in_words = call and call.args and not name.endswith("if")
        if not (in_words or (call and any(keyword.arg == "reason" for keyword in call.keywords))):
            yield node.lineno, f"{name} does not say why: give a reason"


# --- what must not be published ----------------------------------------------------------------------------------------
# In pieces, so that this file is not its own finding.
_HOSTS = "|".join(a + "[.]" + b for a, b in (("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"), ("deb.debian", "org")))
_PATHS = "|".join(a + b for a, b in (("wo", "rk/"), ("ro", "ot/"), ("ho", r"me/\w"), ("Us", r"ers/\w")))
_UNPUBLISHED = re.compile(rf"(?P<host>{_HOSTS})|(?<![\w.])/(?:{_PATHS})[\w./-]*")


def unpublished(file: File) -> Iterator[Finding]:
    """No registry's host, which somebody else's machine may not reach, and no path of the machine it was written on."""
    for line, text in enumerate(file.text.splitlines(), 1):
        if found := _UNPUBLISHED.search(text):
            what = "a package registry's host" if found["host"] else "a path of one machine"
            yield line, f"{found[0]!r} is {what}: leave it to the reader's own configuration"


# --- documentation -----------------------------------------------------------------------------------------------------
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\((?P<target>[^()\s]+(?:\([^()]*\))?)\)")
_FENCE = re.compile(r"^(```|~~~).*?^\1\s*?$", re.MULTILINE | re.DOTALL)


def dead_links(file: File) -> Iterator[Finding]:
    """A link leads to a file that is there, and to a heading that is in it."""
    text = _FENCE.sub(lambda block: "\n" * block[0].count("\n"), file.text)
    for line, content in enumerate(text.splitlines(), 1):
        for found in _LINK.finditer(re.sub(r"`[^`]*`", "", content)):
            target, _, heading = found["target"].partition("#")
            if re.match(r"[a-z]+:", target):
                continue
            page = (Path(file.path).parent / target) if target else Path(file.path)
            if target and not page.exists():
                yield line, f"the link to {found['target']} leads nowhere"
            elif heading and heading not in _headings(page.read_text(encoding="utf-8") if target else file.text):
                yield line, f"the link to {found['target']} names no heading of that page"


def empty_headings(file: File) -> Iterator[Finding]:
    """A heading stands over something: text, or a heading below it. One was left over its section, which had moved."""
    above = 0
    for line, content in enumerate(_FENCE.sub(lambda block: "|" + "\n" * block[0].count("\n"), file.text).splitlines(), 1):
        level = len(found[0]) if (found := re.match("#+(?= )", content)) else 0
        if above and 0 < level <= above:
            yield line, "the heading before this one stands over nothing: write its section, or take it away"
        above = level if content.strip() else above


def _headings(text: str) -> set[str]:
    titles = re.findall(r"^#+\s+(.+?)\s*$", _FENCE.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


# --- running them ------------------------------------------------------------------------------------------------------
_PYTHON = re.compile(r"\.py$")
_OWN = re.compile(r"^src/.*\.py$")
RULES = (
    Rule(long_functions, _PYTHON),
    Rule(long_file, re.compile(r"\.(py|ts|tsx|css)$")),
    Rule(possessive_groups, _OWN),
    Rule(commits, _OWN),
    Rule(sql_outside_store, re.compile(r"^src/(?!cuebook_server/store/).*\.py$")),
    Rule(impure_domain, re.compile(r"^src/cuebook_server/domain/.*\.py$")),
    Rule(executed_data, _OWN),
    Rule(silent_switches, _PYTHON),
    Rule(silent_skips, re.compile(r"^tests/.*\.py$")),
    Rule(unpublished, re.compile(r"^(?!tests/data/)")),
    Rule(dead_links, re.compile(r"^(?!tests/data/).*\.md$")),
    Rule(empty_headings, re.compile(r"^(?!tests/data/).*\.md$")),
)


def tracked_files() -> Iterator[File]:
    """Every text file that Git holds or would add, but not what the tests only read."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", ":!tests/data"],
        check=True,
        capture_output=True,
        text=True,
    )
    for name in sorted(set(listed.stdout.split("\0")) - {""}):
        try:
            yield File(name, Path(name).read_text(encoding="utf-8"))
        except (UnicodeDecodeError, FileNotFoundError):
            continue  # a picture; or deleted and not committed yet


def broken_rules(files: Iterable[File]) -> Iterator[str]:
    """Every finding as ``path:line: what is wrong``."""
    files = list(files)
    for file in files:
        for rule in RULES:
            if rule.applies.search(file.path):
                yield from (f"{file.path}:{line}: {problem}" for line, problem in rule.find(file))
    yield from many_long_functions(files)


def _calls(file: File) -> Iterator[ast.Call]:
    return (node for node in ast.walk(_tree(file)) if isinstance(node, ast.Call))


def _imports(file: File) -> Iterator[tuple[int, str]]:
    for node in ast.walk(_tree(file)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.lineno, node.module or ""


def _constant(node: ast.expr) -> bool:
    """A literal, or a name written in capitals."""
    return isinstance(node, ast.Constant) or (isinstance(node, ast.Name) and node.id.isupper())


def main() -> int:
    """Print the findings; 1 when there are any."""
    findings = list(broken_rules(tracked_files()))
    print("\n".join(findings), end="\n" if findings else "")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
