"""Who read what an environment serves: noted where content is shown, and written into the audit before the answer leaves.

Looking happens in a transaction that cannot write. So a use case that shows content hands it to ``note``, which decides what
counts; whoever opened the unit of work hands what was noted to ``write`` afterwards, however the use case ended.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta

from cuebook_server.domain.access import Actor
from cuebook_server.domain.audit import AuditFilter, Read
from cuebook_server.domain.errors import CuebookError
from cuebook_server.domain.prompt import Version
from cuebook_server.services.ports import Live, Scope, UnitOfWork, Units

# An entry for each look would be a click log; one an hour still tells who knew what, and when.
READ_TOLD_EVERY_S = 3_600
Shown = tuple[str, int]  # a prompt's name and a version's number


def note(actor: Actor, uow: UnitOfWork, scope: Scope, shown: Iterable[Shown], live: Mapping[str, Live] | None = None) -> None:
    """Content of these versions is about to be shown: note what counts as a read.

    A person looks, and the version is live now where reads are audited. Service tokens are nobody; nor are delivery keys,
    which do not come by here. live: what is live of each prompt, where the use case knows it already.
    """
    numbers = set(shown)
    if actor.person is None or not numbers:
        return
    audited = [environment for environment in scope.environments.all() if environment.policy.reads_audited]
    if live is None and audited:
        rows = scope.lists.prompts(names=sorted({name for name, _ in numbers}), limit=len(numbers))
        live = {row.name: row.live for row in rows}
    for name, places in (live or {}).items():
        for environment in audited:
            number = places[environment.name]
            if number is not None and (name, number) in numbers:
                digest = _digest(scope, name, number)
                read = Read(scope.project.name, name, number, digest, environment.name, environment.revision)
                if not _told_lately(actor, uow, scope, read):
                    uow.reads.append(read)


def whole(scope: Scope, *versions: Version) -> set[Shown]:
    """Versions with the fragments that are flattened into them: who sees the one sees the others."""
    seen: set[Shown] = set()
    waiting = [(version.prompt, version.number) for version in versions]
    while waiting:
        name, number = waiting.pop()
        of = scope.prompts.find(name)
        if of is not None and (of.name, number) not in seen:
            seen.add((of.name, number))
            waiting += scope.prompts.includes(of, number).items()
    return seen


def write(actor: Actor, units: Units, reads: Sequence[Read]) -> Sequence[Read]:
    """Write down what was noted, in a transaction of its own; returns what could not be written.

    A database that only reads must not keep anybody from looking: at night that may be all there is.
    """
    if not reads:
        return ()
    try:
        with units.write() as uow:
            for read in reads:
                project = uow.projects.find(read.project)
                assert project is not None, "no project ever goes away"
                scope = uow.scope(project)
                if not _told_lately(actor, uow, scope, read):
                    scope.audit.append(actor, read.happening)
    except CuebookError:
        return reads
    return ()


def _told_lately(actor: Actor, uow: UnitOfWork, scope: Scope, read: Read) -> bool:
    happening = read.happening
    since = uow.now - timedelta(seconds=READ_TOLD_EVERY_S)
    same = AuditFilter(actor.principal, happening.action, happening.target, read.environment, since)
    return bool(scope.audit.latest(same, limit=1))


def _digest(scope: Scope, name: str, number: int) -> str:
    of = scope.prompts.find(name)
    version = scope.prompts.version(of, number) if of else None
    assert version is not None, "what is live exists"
    return version.digest
