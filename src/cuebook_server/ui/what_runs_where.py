"""The first page: which version runs where, what to ship next, what changed lately, and the words for doing it."""

from __future__ import annotations

from datetime import datetime, timedelta
from urllib.parse import urlencode

from cuebook_server.domain.environment import Environment
from cuebook_server.domain.release import Change
from cuebook_server.services.environments import Solo, StatusRow
from cuebook_server.services.glance import Entry, Shippable
from cuebook_server.ui import frame
from cuebook_server.ui.html import Child, Html, element, person
from cuebook_server.ui.overview import NAMED_MAX, Overview

SHIPPABLE_MAX = 10
_DID = {"save": "saved", "promote": "promoted", "rollback": "rolled back", "retire": "retired"}
_AGES = ((86_400, "day"), (3_600, "hour"), (60, "minute"))
_WHY = '-m "why"'
_TO = "\u00a0→\u00a0"  # no line breaks between the two numbers


def page(seen: Overview) -> bytes:
    """The page of one project."""
    return frame.page(
        "What runs where",
        element("h1", "What runs where"),
        _projects(seen),
        _matrix(seen) if seen.rows else _nothing_yet(seen),
        _next_page(seen),
        *map(_alone, seen.solo),
        element("div", _to_ship(seen.shippable), _lately(seen), _how(seen), class_="columns"),
        bar=_bar(seen),
        script="copy.js",
    )


def _bar(seen: Overview) -> Html:
    leave = element("form", element("button", "Sign out", type="submit"), method="post", action="/sign-out")
    return element("div", element("span", "Signed in as ", person(seen.principal)), leave, class_="bar")


def _projects(seen: Overview) -> Html:
    if len(seen.projects) == 1:
        return element("p", "Project ", element("strong", seen.project), class_="quiet")
    links = [
        element("a", name, href=f"/?{urlencode({'project': name})}", aria_current="page" if name == seen.project else None)
        for name in seen.projects
    ]
    return element("nav", "Projects: ", *links, class_="quiet", aria_label="Projects")


# --- the matrix --------------------------------------------------------------------------------------------------------
def _matrix(seen: Overview) -> Html:
    head = [
        element("th", stop.name, element("small", _serves(stop)), scope="col", role="columnheader")
        for stop in seen.environments
    ]
    return element(
        "section",
        element("p", "Each number is the version that environment serves. A cell has a colour only where environments differ."),
        element(
            "div",
            element(
                "table",
                element("thead", element("tr", element("th", "Prompt", scope="col", role="columnheader"), *head, role="row")),
                element("tbody", *(_row(row) for row in seen.rows)),
                role="table",
                class_="matrix",
            ),
            class_="wide",
        ),
    )


def _serves(stop: Environment) -> str:
    if stop.tracks_latest:
        return "serves every save at once"
    return f"by release, from {stop.policy.comes_from}" if stop.policy.comes_from else "by release"


def _row(row: StatusRow) -> Html:
    differ = len(set(row.versions.values())) > 1
    cells = [_cell(name, number, row, differ=differ) for name, number in row.versions.items()]
    return element("tr", element("th", row.prompt, scope="row", role="rowheader"), *cells, role="row")


def _cell(environment: str, number: int | None, row: StatusRow, *, differ: bool) -> Html:
    if number is None:
        return element("td", "–", element("small", "not here"), data_at=environment, class_="absent", role="cell")
    versions, days = row.behind[environment]
    late = f"{versions} behind" + (f", {_many(int(days), 'day')}" if days >= 1 else "") if versions else None
    kind = ("late" if versions else "newest") if differ else None
    return element("td", number, element("small", late) if late else None, data_at=environment, class_=kind, role="cell")


def _next_page(seen: Overview) -> Html | None:
    if not seen.after:
        return None
    query = urlencode({"project": seen.project, "after": seen.after})
    return element("p", element("a", "More prompts", href=f"/?{query}"))


def _alone(solo: Solo) -> Html:
    said = element("p", element("strong", solo.environment), " is solo: one person decides.", class_="quiet")
    if solo.next_step is None:
        return said
    return element("section", said, element("p", "Somebody else could approve now:"), frame.command(solo.next_step))


def _nothing_yet(seen: Overview) -> Html:
    tracking = [stop.name for stop in seen.environments if stop.tracks_latest]
    pinned = [stop.name for stop in seen.environments if not stop.tracks_latest]
    at_once = f"{', '.join(tracking)} serves it at once" if tracking else "nothing serves it yet"
    return element(
        "section",
        element("p", element("strong", "No prompts here yet."), " Save the first one:"),
        frame.command("printf 'Sort this message: {{ticket}}' | cuebook save support.triage - -m \"First version\""),
        element("p", f"It becomes version 1, and {at_once}. The others get it when you decide so:"),
        *(frame.command(f"cuebook promote support.triage --to {name} {_WHY}") for name in pinned),
    )


# --- what to do next ---------------------------------------------------------------------------------------------------
def _to_ship(waiting: list[Shippable]) -> Html | None:
    if not waiting:
        return None
    more = len(waiting) - SHIPPABLE_MAX
    return element(
        "section",
        element("h2", "Ready to ship"),
        element("ul", *(_shippable(found) for found in waiting[:SHIPPABLE_MAX]), class_="plain"),
        element("p", f"And {more} more.", class_="quiet") if more > 0 else None,
    )


def _shippable(found: Shippable) -> Html:
    instead = f"{found.target} serves {found.serves}" if found.serves else f"{found.target} has none yet"
    return element(
        "li",
        element("p", element("strong", found.prompt), f": {found.source} serves {found.version}, {instead}."),
        frame.command(f"cuebook promote {found.prompt}@{found.version} --to {found.target} {_WHY}"),
    )


# --- what happened -----------------------------------------------------------------------------------------------------
def _lately(seen: Overview) -> Html | None:
    if not seen.entries:
        return None
    return element(
        "section",
        element("h2", "Lately"),
        element("ol", *(_entry(entry, seen.now) for entry in seen.entries), class_="plain"),
        class_="lately",
    )


def _entry(entry: Entry, now: datetime) -> Html:
    names = entry.takes_back
    undo = f"cuebook rollback {' '.join(names)} --in {entry.environment} {_WHY}" if 0 < len(names) <= NAMED_MAX else None
    named: list[Child] = [", ".join(_change(change) for change in entry.changes[:NAMED_MAX])]
    if len(entry.changes) > NAMED_MAX:
        named.append(f" and {len(entry.changes) - NAMED_MAX} more")
    return element(
        "li",
        element(
            "p",
            element("span", entry.environment, class_="badge"),
            " ",
            element("strong", person(entry.actor)),
            f" {_DID.get(entry.cause, entry.cause)} ",
            named,
        ),
        element("p", person(entry.why) if entry.why.strip() else "No reason given.", class_="why"),
        element("p", _time(entry.at, now), class_="quiet"),
        [element("p", "To take it back:"), frame.command(undo)] if undo else None,
    )


def _change(change: Change) -> str:
    if change.after is None:
        return change.prompt
    return f"{change.prompt} {change.before or 'new'}{_TO}{change.after}"


def _time(at: datetime, now: datetime) -> Html:
    return element("time", f"{_ago((now - at).total_seconds())} · {at:%Y-%m-%d %H:%M} UTC", datetime=at.isoformat())


def _ago(seconds: float) -> str:
    for unit_s, unit in _AGES:
        if seconds >= unit_s:
            return f"{_many(int(seconds // unit_s), unit)} ago"
    return "just now"


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


# --- how ---------------------------------------------------------------------------------------------------------------
def _how(seen: Overview) -> Html:
    last = seen.environments[-1].name
    name = seen.rows[0].prompt if seen.rows else "support.triage"
    return element(
        "section",
        element("h2", "From here"),
        element("p", "The command line takes address and token from the file of the first start:"),
        frame.command("export CUEBOOK_FIRST_RUN=data/first-run.json"),
        element("p", f"What {last} served at any moment, here yesterday at three:"),
        frame.command(f"cuebook at {last} {seen.now - timedelta(days=1):%Y-%m-%d}T15:00:00Z"),
        element("p", "An application asks for a name; the environment of its key decides the version:"),
        frame.command(f'curl -H "Authorization: Bearer $CUEBOOK_KEY" "$CUEBOOK_URL/v1/prompts/{name}"'),
        element(
            "p",
            "The documentation lies in the folder ",
            element("code", "docs/"),
            " of the source: a tutorial, how-to guides and the reference. Every call of the management API stands in its ",
            element("a", "OpenAPI description", href="/api/openapi.json"),
            "; every command explains itself with ",
            element("code", "--help"),
            ".",
        ),
    )
