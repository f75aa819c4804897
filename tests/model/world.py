"""One step on both sides: what a person asks of the product is done exactly when the model finds nothing against it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from cuebook_server.delivery.board import Board
from cuebook_server.domain.access import Actor
from cuebook_server.domain.errors import CuebookError, Forbidden
from cuebook_server.services import callers, credentials, members, personal
from cuebook_server.services.ports import Answer, UnitOfWork, Units
from cuebook_server.services.requests import once
from cuebook_server.store.database import Database
from tests.factories import Registry
from tests.model import checks
from tests.model.oracle import may
from tests.model.state import Player, State
from tests.people import PROJECT, Person

Entries = list[tuple[str, str]]
STAFF = {"reviewer": "reviewer", "second": "reviewer", "releaser": "releaser", "pager": "on-call"}
NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it went over the wire; sent again it is the same to the last byte."""

    who: str
    use: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    key: str
    at: datetime
    signed_ago: timedelta
    body: bytes = field(repr=False, default=b"")

    @property
    def name(self) -> str:
        return f"{self.use.__module__.rpartition('.')[2]}.{self.use.__name__}"


Around = Callable[["World", Asked], Any]


class World:
    """The product on a real database, the model beside it, and everybody who takes part.

    ``around`` may get in the way of a step that will succeed: it crashes it as often as it likes. What it returns is what the
    step did when nobody was answered; the request is then sent again, and must not do anything a second time.
    """

    def __init__(self, database: Database, around: Around | None = None) -> None:
        self.registry = Registry(database)
        self.around = around
        self.state = State.first(self.now)
        self.players = self._settle()
        self.chain = checks.Chain(self.registry)
        self.board = Board(self.registry.source)
        self.dump = checks.everything(database)
        self.seen: dict[tuple[str, int], tuple[str, str]] = {}
        self.told: list[tuple[str, str]] = []
        self.last: tuple[Asked, Answer] | None = None
        self.count = 0
        self.done, self.checked = 0, (-1, self.now)

    @property
    def now(self) -> datetime:
        return self.registry.clock.now

    def _settle(self) -> dict[str, Player]:
        """The owner, an author, two reviewers (one with a second token), a releaser, somebody on call, services, a stranger."""
        staff = self.registry.people
        known = {"owner": staff.owner, "author": staff.colleague, "stranger": staff.stranger}
        known |= {name: self.registry.hire(name, role) for name, role in STAFF.items()}  # type: ignore[arg-type]  # these are roles
        self.state.grants = {"owner": {("admin", None)}, "colleague": {("author", None)}, "stranger": set()}
        self.state.grants |= {name: {(role, None)} for name, role in STAFF.items()}
        players = {name: Player(who.actor.principal, who.token, who.actor.person) for name, who in known.items()}
        players["again"] = self._another_token(known["reviewer"])
        for name, role in (("robot", "author"), ("ship", "releaser")):
            made = self.registry.do(credentials.create_token, name=name, role=role)  # type: ignore[arg-type]  # these are roles
            players[name] = Player(name, made.credential.token, owner="owner", role=role)
        return players

    def _another_token(self, of: Person) -> Player:
        with self.registry.units.write() as uow:
            made = personal.create(of.at(self.now), uow, name="another")
        return Player(of.actor.principal, made.credential.token, of.actor.person)

    # --- doing ----------------------------------------------------------------------------------------------------------
    def step(
        self,
        who: str,
        against: set[str],
        entries: Entries | Callable[[Any], Entries],
        use: Callable[..., Any],
        *args: Any,
        signed_ago: timedelta = timedelta(),
        **kwargs: Any,
    ) -> Any | None:
        """Ask for something. What the product did, or ``None``, when it had to refuse and did."""
        self.count += 1
        body = repr((use.__name__, args, sorted(kwargs.items()))).encode()
        asked = Asked(who, use, args, kwargs, f"key-{self.count}", self.now, signed_ago, body)
        done = self.around(self, asked) if self.around is not None and not against else None
        try:
            result, answer = self.call(asked)
        except CuebookError as refusal:
            self._refused(asked, refusal, against)
            return None
        assert done is None or result is None, f"{asked.name} was done twice"
        result = result if done is None else done
        assert not against, f"{who} did {asked.name}{args} although {against} speaks against it"
        self.last, self.done = (asked, answer), self.done + 1
        self.told.append((asked.name, answer.body))
        self.chain.grew(self, asked, entries(result) if callable(entries) else entries)
        return result

    def call(self, asked: Asked, units: Units | None = None) -> tuple[Any, Answer]:
        """One request as the management API runs it (perhaps in another process): recognised, once for its key, in one go."""
        results: list[Any] = []
        player = self.players[asked.who]
        with (units or self.registry.units).write() as uow:
            actor = self._actor(uow, asked)

            def effect() -> Answer:
                results.append(asked.use(actor, uow, PROJECT, *asked.args, **asked.kwargs))
                return Answer(200, repr(results[0]))

            answer = once(actor, uow, asked.key, asked.body, effect, secret=player.token)
        return (results[0] if results else None), answer

    def _actor(self, uow: UnitOfWork, asked: Asked) -> Actor:
        actor = callers.by_token(uow, self.players[asked.who].token, request_id=asked.key, source="127.0.0.1")
        return replace(actor, signed_in_at=self.now - asked.signed_ago if actor.person else None)

    def _refused(self, asked: Asked, refusal: CuebookError, against: set[str]) -> None:
        assert refusal.code in against, f"{asked.who} was refused {asked.name}{asked.args}: {refusal!r}, not {against}"
        self.told.append((asked.name, f"{refusal.code}: {refusal.detail}"))
        assert checks.everything(self.registry.database) == self.dump, "a refused step left something behind"
        if isinstance(refusal, Forbidden):
            self._denied(asked, refusal)

    def _denied(self, asked: Asked, refusal: Forbidden) -> None:
        """As the management API does: a denied attempt is told, where the project exists for whoever tried."""
        with self.registry.units.write() as uow:
            callers.denied(self._actor(uow, asked), uow, PROJECT, asked.name, refusal)
        self.done += 1
        self.chain.grew(self, asked, [("access.denied", asked.name)])

    def retry(self, *, same: bool) -> None:
        """Send the last request that was done again: the same answer and no second effect; another body is refused."""
        if self.last is None or self.players[self.last[0].who].revoked:
            return
        asked, answer = self.last
        if self.now - asked.at >= timedelta(hours=24):
            return
        again = self._outcome(asked if same else replace(asked, body=asked.body + b" "))
        assert again == (answer if same else "idempotency_mismatch")
        assert checks.everything(self.registry.database) == self.dump, "a repeated request had an effect"

    def _outcome(self, asked: Asked) -> Answer | str:
        """The answer, or the code of the refusal."""
        try:
            return self.call(asked)[1]
        except CuebookError as refusal:
            return refusal.code

    def may(self, who: str, right: str, environment: str | None = None) -> set[str]:
        return may(self.state, self.players[who], right, environment)

    def check(self) -> None:
        """Everything that must hold after a step; after one that was refused it has been compared already."""
        if (self.done, self.now) == self.checked:
            return
        self.checked = (self.done, self.now)
        before, self.dump = self.dump, checks.everything(self.registry.database)
        checks.history_stays(before, self.dump)
        checks.agrees(self)
        checks.serves(self)

    # --- what people are hired and dismissed for -------------------------------------------------------------------------
    def member(self, who: str, login: str, role: str, environment: str | None = None, *, gone: bool = False) -> None:
        """Give or take a role. It counts from the next request on, whatever credential comes with it."""
        against, held = self.may(who, "members.write"), self.state.grants.get(login, set())
        if login not in self.state.grants or (gone and (role, environment) not in held):
            against |= {"not_found"}
        if gone:
            self.step(who, against, [("member.removed", login)], members.remove, login, role, environment)
        else:
            new = [] if (role, environment) in held else [("member.added", login)]
            self.step(who, against, new, members.add, login, role, environment)
        if not against:
            self.state.grants[login] = held - {(role, environment)} if gone else held | {(role, environment)}
