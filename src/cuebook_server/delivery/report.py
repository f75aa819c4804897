"""What a relay heard of the clients behind it, told to the node it stands behind, which takes it as heard by itself.

A relay speaks of the keys it may know, and of no other. What it says is shown and counted, and decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson

from cuebook_server.delivery.board import Board, Grant
from cuebook_server.delivery.fleet import Fleet
from cuebook_server.delivery.keyset import known_to
from cuebook_server.domain.errors import BadRequest
from cuebook_server.domain.fleet import ARRIVALS_MAX, Arrival, Instance, Order, read_about

# In one message: reading it holds up the event loop for a few milliseconds.
ENTRIES_MAX = 500
_FIELDS = frozenset({"used", "fetched", "instances"})
_NUMBER_MAX = 10**9


@dataclass(frozen=True, slots=True)
class Report:
    """used: when keys were last used. fetched: when keys last took a prompt (by its name), or (``None``) everything."""

    used: Mapping[str, datetime] = field(default_factory=dict)
    fetched: Mapping[tuple[str, str | None], datetime] = field(default_factory=dict)
    instances: Sequence[Instance] = ()


def messages(report: Report) -> Iterator[bytes]:
    """As it travels: in as many messages as it takes."""
    rows: dict[str, list[Any]] = {
        "used": [[selector, _ms(at)] for selector, at in report.used.items()],
        "fetched": [[selector, name, _ms(at)] for (selector, name), at in report.fetched.items()],
        "instances": [_row(instance) for instance in report.instances],
    }
    for name, all_of_them in rows.items():
        for start in range(0, len(all_of_them), ENTRIES_MAX):
            yield orjson.dumps({name: all_of_them[start : start + ENTRIES_MAX]})


def read(body: bytes, now: datetime) -> Report:
    """The reverse, where no moment lies in the future. Raises ``BadRequest`` for anything that was never written so."""
    try:
        return _read(body, now)
    except (ValueError, TypeError, AttributeError, OverflowError):
        raise BadRequest("This is no relay's report.", hint="Relay and registry should be of the same version.") from None


def take(report: Report, grant: Grant, board: Board, fleet: Fleet) -> None:
    """Note what a relay's key reports, of the keys that its keyset has."""
    places = {key.selector: (key.project_id, key.environment_id) for key in known_to(board, grant)}
    for selector, at in report.used.items():
        if selector in places:
            board.used[selector] = max(board.used.get(selector, 0), at.timestamp())
    for (selector, name), at in report.fetched.items():
        snapshot = board.environments.get(places[selector]) if selector in places else None
        entry = snapshot.entries.get(name.encode()) if snapshot and name is not None else None
        if entry is not None or (snapshot and name is None):
            board.keep_fetched({(selector, entry.prompt_id if entry else None): at})
    fleet.keep(instance for instance in report.instances if instance.selector in places)


def _read(body: bytes, now: datetime) -> Report:
    said = orjson.loads(body)
    if not said.keys() <= _FIELDS or sum(map(len, said.values())) > ENTRIES_MAX:
        raise ValueError(said)
    return Report(
        used={_word(selector): _moment(ms, now) for selector, ms in said.get("used", ())},
        fetched={
            (_word(key), None if name is None else _word(name)): _moment(ms, now) for key, name, ms in said.get("fetched", ())
        },
        instances=[_instance(row, now) for row in said.get("instances", ())],
    )


def _row(instance: Instance) -> list[Any]:
    about = instance.about
    arrivals = [[*arrival.order, _ms(arrival.at)] for arrival in instance.arrivals]
    said = f"{about.sdk} {about.instance} {about.source}"
    return [instance.selector, said, instance.order, arrivals, _ms(instance.first_seen), _ms(instance.seen_at), instance.left]


def _instance(row: list[Any], now: datetime) -> Instance:
    selector, said, order, arrivals, first_seen, seen_at, left = row
    about = read_about(said.encode("ascii"))
    if about is None or len(arrivals) > ARRIVALS_MAX:
        raise ValueError(said)
    return Instance(
        selector=_word(selector),
        about=about,
        order=None if order is None else _order(*order),
        arrivals=tuple(Arrival(_order(epoch, revision), _moment(ms, now)) for epoch, revision, ms in arrivals),
        first_seen=_moment(first_seen, now),
        seen_at=_moment(seen_at, now),
        left=left is True,
    )


def _order(epoch: Any, revision: Any) -> Order:
    return _number(epoch), _number(revision)


def _number(value: Any, most: int = _NUMBER_MAX) -> int:
    if type(value) is not int or not 0 <= value < most:
        raise ValueError(value)
    return value


def _word(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _moment(ms: Any, now: datetime) -> datetime:
    """Two clocks: whatever the other one says, it was not later than now."""
    return min(datetime.fromtimestamp(_number(ms, 10**14) / 1000, UTC), now)


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)
