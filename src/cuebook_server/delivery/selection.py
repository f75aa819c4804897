"""From a name and a selector to the entry that answers. ``domain.environment.resolve`` decides; this fetches the facts."""

from __future__ import annotations

from cuebook_server.delivery.board import NO_DIRECTORY, Board
from cuebook_server.delivery.pinned import Pinned
from cuebook_server.delivery.snapshot import Entry, Snapshot
from cuebook_server.domain.environment import Selector, Standing, resolve
from cuebook_server.domain.errors import BadName, BadRequest, NotFound, Recalled, Unavailable
from cuebook_server.domain.names import prompt_name


async def select(board: Board, pinned: Pinned, snapshot: Snapshot, path_name: bytes, wanted: Selector) -> Entry:
    """The entry for a caller of this environment, or a typed refusal.

    What the environment serves now never needs the database; another number is looked for in memory, then in the source.
    """
    name = _known_name(board, snapshot, path_name)
    entry = snapshot.entries.get(name.encode())
    if name in snapshot.damaged:
        raise Unavailable(f"The stored content of {name} cannot be read.", hint="Ask the operator: the server's log names it.")
    if entry is None:
        resolve(snapshot.environment, Standing(name, None, 0, retired=name in snapshot.retired), wanted)
        raise AssertionError("nothing is served, so resolving refuses")
    if wanted in ("stable", entry.number):
        resolve(snapshot.environment, Standing(name, entry.number, entry.latest), wanted)
        return entry
    if pinned.origin is not None:
        _refuse_recalled(board, snapshot, entry, wanted)
        return await pinned.ask(snapshot, entry.prompt_id, entry.name, wanted)
    return await _other(board, pinned, snapshot, entry, wanted)


def _known_name(board: Board, snapshot: Snapshot, path_name: bytes) -> str:
    """The prompt's own name, aliases followed. Names of prompts win over aliases."""
    try:
        name = prompt_name(path_name.decode("ascii", "replace"))
    except BadName as error:
        raise BadRequest(error.detail, hint=error.advice) from None
    if path_name in snapshot.entries:
        return name
    directory = board.directories.get(snapshot.key[0], NO_DIRECTORY)
    if name in directory.names or name in snapshot.retired or name in snapshot.damaged:
        return name
    if name not in directory.aliases:
        raise NotFound(f"There is no prompt {name}.")
    return directory.aliases[name]


async def _other(board: Board, pinned: Pinned, snapshot: Snapshot, entry: Entry, wanted: Selector) -> Entry:
    """A version that is not the one served: the newest, or a pinned number.

    The rules are asked twice: first as if everything had been live here, which spares most refusals the look-up; then with
    the facts.
    """
    newest = await _newest(board, pinned, snapshot, entry, wanted)
    hopeful = Standing(entry.name, entry.number, newest, was_live=lambda number: number <= entry.latest)
    number = resolve(snapshot.environment, hopeful, wanted)
    if number == entry.number:
        return entry
    _refuse_recalled(board, snapshot, entry, number)
    found = pinned.recall(snapshot, entry.prompt_id, number)
    # That a version was live here stays true for ever; that it was not has to be asked again.
    if found is None or not found.was_live:
        found = await pinned.find(snapshot, entry.name, number)
    was_live = found is not None and found.was_live
    resolve(snapshot.environment, Standing(entry.name, entry.number, newest, was_live=lambda _: was_live), wanted)
    if found is None:
        raise NotFound(f"There is no version {number} of {entry.name}.")
    return found.entry


def _refuse_recalled(board: Board, snapshot: Snapshot, entry: Entry, wanted: Selector) -> None:
    if (entry.prompt_id, wanted) in board.recalled.get(snapshot.key[0], ()):
        raise Recalled(f"Version {wanted} of {entry.name} was recalled.")


async def _newest(board: Board, pinned: Pinned, snapshot: Snapshot, entry: Entry, wanted: Selector) -> int:
    """The prompt's newest number, as exactly as the policy needs it.

    A pinned environment hears of nothing but its own releases; what was saved since, an environment that tracks latest
    knows, and where a project has none, the source.
    """
    policy = snapshot.environment.policy
    matters = wanted == "latest" or (isinstance(wanted, int) and wanted >= entry.latest)
    if not matters or not (policy.latest_allowed or policy.pins == "any"):
        return entry.latest
    known = board.newest(snapshot.key[0], entry.name.encode())
    if known is None and (found := await pinned.find(snapshot, entry.name, entry.number)):
        known = found.entry.latest
    newest = max(entry.latest, known or 0)
    recalled = board.recalled.get(snapshot.key[0], ())
    while wanted == "latest" and (entry.prompt_id, newest) in recalled:
        newest -= 1
    return newest
