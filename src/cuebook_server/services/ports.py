"""What the use cases need from outside, as protocols. The store implements them; tests use the real store."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from cuebook.signing import Seal, Statement
from cuebook_server.domain.access import Actor
from cuebook_server.domain.audit import AuditFilter, Happening, Read
from cuebook_server.domain.decision import Approval, GateResult
from cuebook_server.domain.environment import Environment, Plan
from cuebook_server.domain.fetch import Fetch, Orphan
from cuebook_server.domain.fleet import Instance
from cuebook_server.domain.keys import DeliveryKey, Token
from cuebook_server.domain.policy import Policy
from cuebook_server.domain.prompt import Including, Prompt, Provenance, Recall, Version
from cuebook_server.domain.release import Change, Comment, Decision, Draft, Item, Release, Review, State, Step
from cuebook_server.domain.schedule import Schedule
from cuebook_server.services.ports_people import AttemptCounts, People, PersonalTokens, Sessions
from cuebook_server.services.ports_webhooks import MyNotices, Notices, Outbox, Webhooks

# Versions, releases, revisions and entries are counted in 32 bits: nothing lies above this.
NUMBER_MAX = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Project:
    """The wall between teams."""

    project_id: int
    name: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class NewVersion:
    """A version about to be written: its content in canonical bytes, and the same with its fragments flattened in."""

    digest: str
    body: bytes
    served: bytes | None
    message: str
    provenance: Provenance | None
    includes: Mapping[int, int]
    texts: str


Live = Mapping[str, int | None]  # environment -> number, None where nothing is


@dataclass(frozen=True, slots=True)
class PromptRow:
    """A prompt in a list, with what is live where."""

    name: str
    latest: int
    description: str
    owner: str
    tags: tuple[str, ...]
    aliases: tuple[str, ...]
    created_at: datetime
    live: Live


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A version in a list: everything but its content."""

    prompt: str
    number: int
    digest: str
    author: str
    message: str
    created_at: datetime
    provenance: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Stay:
    """Where a version is or was live: from ``first_at`` on, ``times`` times; the last one began at ``last_at``.

    until: when the last one ended, ``None``: it is live there now.
    """

    number: int
    environment: str
    first_at: datetime
    last_at: datetime
    until: datetime | None
    times: int


@dataclass(frozen=True, slots=True)
class Hit:
    """A found prompt: where the words stand (version 0: name, description, owner or tags) and what is live where."""

    prompt: str
    version: int
    snippet: str
    live: Live


class Projects(Protocol):
    """Projects by name."""

    def find(self, name: str) -> Project | None: ...
    def all(self) -> Sequence[Project]: ...
    def add(self, name: str) -> Project: ...
    def due(self, limit: int) -> Sequence[tuple[Project, int]]: ...


class Prompts(Protocol):
    """Prompts and their versions, of one project."""

    def find(self, name: str) -> Prompt | None: ...
    def find_all(self, names: Collection[str]) -> Mapping[str, Prompt]: ...
    def add(self, name: str) -> Prompt: ...
    def describe(self, changed: Prompt) -> None: ...
    def version(self, of: Prompt, number: int) -> Version | None: ...
    def versions(self, wanted: Collection[tuple[int, int]]) -> Mapping[tuple[int, int], Version]: ...
    def imported(self, of: Prompt, import_key: str) -> int | None: ...
    def note_imported(self, of: Prompt, import_key: str, number: int) -> None: ...
    def save(self, of: Prompt, new: NewVersion, author: str, person: str | None) -> Version: ...
    def includes(self, of: Prompt, number: int) -> Mapping[str, int]: ...
    def dependents(self, of: Prompt) -> Sequence[tuple[str, int, int]]: ...
    def recall(self, made: Recall) -> None: ...
    def recalls(self, of: Prompt | None = None) -> Sequence[Recall]: ...
    def including_recalled(self, prompt_ids: Collection[int] | None = None) -> Sequence[Including]: ...


class Environments(Protocol):
    """The environments of one project, their pointers and their history."""

    def all(self) -> Sequence[Environment]: ...
    def find(self, name: str) -> Environment | None: ...
    def add(self, plan: Plan, position: int) -> Environment: ...
    def change(self, of: Environment, policy: Policy, position: int) -> Environment: ...
    def raise_revision(self, of: Environment) -> Environment: ...
    def pointers(self, of: Environment, prompt_ids: Sequence[int]) -> Mapping[int, int | None]: ...
    def steps(self, of: Environment, prompt_ids: Collection[int]) -> Mapping[int, Sequence[Step]]: ...
    def lives(self, of: Environment, prompt_ids: Collection[int] | None) -> Mapping[int, Sequence[int | None]]: ...
    def steps_since(self, of: Environment, live: Mapping[int, int]) -> Mapping[int, Sequence[Step]]: ...
    def record(self, of: Environment, changes: Sequence[Change]) -> None: ...
    def move(self, of: Environment, items: Sequence[Item], release_id: int, new: Collection[int]) -> None: ...
    def at(self, of: Environment, moment: datetime, prompt_ids: Sequence[int]) -> tuple[int, Sequence[Change]]: ...
    def history(self, of: Environment, before: int, limit: int, prompt_id: int | None = None) -> Sequence[Change]: ...


class Releases(Protocol):
    """The releases of one project, with their approvals, comments and reviews."""

    def add(self, of: Environment, draft: Draft) -> Release: ...
    def apply(self, release: Release, of: Environment, decision: Decision) -> Release: ...
    def end(self, ended: Release) -> None: ...
    def schedule(self, waiting: Release, wanted: Schedule | None) -> Release: ...
    def scheduled(self) -> Sequence[Release]: ...
    def find(self, release_id: int) -> Release | None: ...
    def list(self, of: Environment | None, before: int, limit: int, states: Sequence[State] = ()) -> Sequence[Release]: ...
    def approvals(self, release: Release) -> Sequence[Approval]: ...
    def add_approval(self, release: Release, approval: Approval, credential: str) -> None: ...
    def comments(self, release: Release) -> Sequence[Comment]: ...
    def add_comment(self, release: Release, comment: Comment) -> None: ...
    def review(self, release_id: int) -> Review | None: ...
    def open(self, limit: int) -> Sequence[Release]: ...
    def open_reviews(self) -> Sequence[Review]: ...
    def open_review(self, review: Review) -> None: ...
    def close_review(self, review: Review) -> None: ...
    def gate_results(self, digests: Sequence[str]) -> Sequence[GateResult]: ...
    def add_gate_result(self, result: GateResult, by: str) -> None: ...


class Audit(Protocol):
    """The audit chain of one project."""

    def append(self, actor: Actor, happening: Happening) -> int: ...
    def entries(self, wanted: AuditFilter, *, after: int, limit: int) -> Sequence[Mapping[str, Any]]: ...
    def latest(self, wanted: AuditFilter, *, before: int = NUMBER_MAX, limit: int) -> Sequence[Mapping[str, Any]]: ...
    def head(self) -> tuple[int, str]: ...


class SnapshotSigner(Protocol):
    """Signs what environments serve."""

    def seal(self, statement: Statement, purpose: bytes) -> Seal | None:
        """Sign as its key, for no longer than that is certified; ``None`` where nothing is set up. Raises ``Unavailable``."""
        ...

    def stamp(self) -> object:
        """Something that changes with the key or its certificates."""
        ...


class Signer(Protocol):
    """Signs audit checkpoints with a key that lies outside the database."""

    @property
    def public(self) -> str: ...
    def checkpoint(self, project: str, seq: int, head: str, at: datetime) -> Mapping[str, Any]: ...


class Credentials(Protocol):
    """Delivery keys and tokens. Keys are of one project; tokens may be of the instance."""

    def keys(self) -> Sequence[DeliveryKey]: ...
    def key(self, selector: str) -> DeliveryKey | None: ...
    def add_key(self, key: DeliveryKey) -> None: ...
    def change_key(self, key: DeliveryKey) -> None: ...
    def tokens(self) -> Sequence[Token]: ...
    def token(self, selector: str) -> Token | None: ...
    def add_token(self, made: Token) -> None: ...
    def revoke_token(self, selector: str) -> None: ...
    def token_used(self, selector: str) -> None: ...


class Fetches(Protocol):
    """What delivery keys fetched, of one project. Coarse, by the minute; a request now is known within some two minutes."""

    def noted_since(self) -> datetime | None:
        """When an upgrade began to note fetches; ``None``: they were noted from the registry's first day."""
        ...

    def by_name(self, of: Environment, prompt_ids: Sequence[int], since: datetime) -> Sequence[Fetch]: ...
    def whole(self, of: Environment, since: datetime) -> Sequence[Fetch]: ...
    def orphans(self, of: Environment, before: datetime, after: str, limit: int) -> Sequence[Orphan]: ...


class Instances(Protocol):
    """The clients that the nodes heard of, of one project; a word of one is known here within some seconds."""

    def epoch(self) -> int: ...
    def of(self, environment: Environment) -> Sequence[Instance]: ...


class Lists(Protocol):
    """Read models: what screens and commands list, with their own SQL, a page at a time."""

    def prompts(
        self, *, names: Sequence[str] = (), prefix: str = "", tag: str = "", owner: str = "", after: str = "", limit: int
    ) -> Sequence[PromptRow]: ...
    def versions(self, of: Prompt, before: int, limit: int) -> Sequence[VersionRow]: ...
    def stays(self, of: Prompt, numbers: range) -> Sequence[Stay]: ...
    def search(self, query: str, limit: int) -> Sequence[Hit]: ...
    def saved_at(self, names: Sequence[str], numbers: Collection[int]) -> Mapping[str, Mapping[int, datetime]]: ...
    def released_at(self, names: Sequence[str]) -> Mapping[str, Mapping[str, datetime]]: ...


class Scope(Protocol):
    """One project within a unit of work: its stores, behind a door that took the actor."""

    @property
    def project(self) -> Project: ...
    @property
    def prompts(self) -> Prompts: ...
    @property
    def environments(self) -> Environments: ...
    @property
    def releases(self) -> Releases: ...
    @property
    def audit(self) -> Audit: ...
    @property
    def credentials(self) -> Credentials: ...
    @property
    def fetches(self) -> Fetches: ...
    @property
    def fleet(self) -> Instances: ...
    @property
    def lists(self) -> Lists: ...
    @property
    def webhooks(self) -> Webhooks: ...
    @property
    def notices(self) -> Notices: ...


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request was answered: the HTTP status and the JSON body."""

    status: int
    body: str


class Idempotency(Protocol):
    """Answers by credential and key, written in the transaction of the effect they report."""

    def find(self, credential: str, key: str, fingerprint: str) -> Answer | None: ...
    def keep(self, credential: str, key: str, fingerprint: str, answer: Answer) -> None: ...


class Epochs(Protocol):
    """The registry's epoch. ``present`` holds off others who would begin one, until the unit of work ends."""

    def present(self) -> int: ...
    def begin(self, epoch: int) -> None: ...


class UnitOfWork(Protocol):
    """One transaction. ``now`` is its time. Only the unit of work commits, when its block ends without an error."""

    @property
    def now(self) -> datetime: ...
    @property
    def projects(self) -> Projects: ...
    @property
    def credentials(self) -> Credentials: ...
    @property
    def people(self) -> People: ...
    @property
    def sessions(self) -> Sessions: ...
    @property
    def personal_tokens(self) -> PersonalTokens: ...
    @property
    def attempts(self) -> AttemptCounts: ...
    @property
    def idempotency(self) -> Idempotency: ...
    @property
    def reads(self) -> list[Read]:
        """What people were shown in it (see ``services.reads``)."""
        ...

    @property
    def epochs(self) -> Epochs: ...
    @property
    def outbox(self) -> Outbox: ...
    @property
    def notices(self) -> MyNotices: ...

    def scope(self, project: Project) -> Scope: ...
    def random(self, count: int) -> bytes: ...


class Units(Protocol):
    """Where units of work come from: one that only reads, or one that is committed when its block ends.

    ``jot``: for what may be lost, such as when a token was used. Nobody waits for a standby on account of that.
    """

    def read(self) -> AbstractContextManager[UnitOfWork]: ...
    def write(self) -> AbstractContextManager[UnitOfWork]: ...
    def jot(self) -> AbstractContextManager[UnitOfWork]: ...


# --- delivery: what a node reads to build what it serves ---------------------------------------------------------------
EnvironmentKey = tuple[int, int]  # (project_id, environment_id)
History = Mapping[int, tuple[int, str]]  # each project's last audit entry: its number and hash
Fetched = tuple[str, int | None]  # (a key's selector, a prompt's id or None: everything the environment serves)
# The versions of a project that were declared harmful, as (prompt id, number), and the environments that served each. A
# recalled version is let in nowhere again, so these never grow.
Recalls = Mapping[tuple[int, int], frozenset[int]]


@dataclass(frozen=True, slots=True)
class Relayed:
    """What a relay knows of its way to the origin.

    as_of: seconds since 1970 when the origin was last sure of it. depth: how many relays it came by, this one included. life_s:
    how long it counts without word from there.
    """

    as_of: float
    depth: int
    life_s: int


@dataclass(frozen=True, slots=True)
class Received:
    """A whole environment as the origin encoded and signed it.

    zipped: the body in gzip, byte for byte. digest: of the body itself, as signatures name it. vouched: the header lines of the
    signature that came with it, if any.
    """

    zipped: bytes
    digest: str
    vouched: bytes


@dataclass(frozen=True, slots=True)
class Heads:
    """The counters a node polls: cheap, and enough to know what to load again.

    keyset: counts changes of delivery keys. directories: per project, counts new prompts and changed aliases. recalls: per
    project, counts recalled versions. environments: each environment's (revision, policy revision). registry: which registry
    this is, the same through backups and failovers. writable: whether the database takes writes. history: where the audit
    chains end. continues: whether they still hold what the caller had seen. moved: whether the epoch was begun on another
    database than this one. relayed: where they came by way of another node.
    """

    epoch: int
    keyset: int
    directories: Mapping[int, int]
    environments: Mapping[EnvironmentKey, tuple[int, int]]
    recalls: Mapping[int, int]
    registry: str = ""
    writable: bool = True
    history: History = field(default_factory=dict)
    continues: bool = True
    moved: bool = False
    relayed: Relayed | None = None


@dataclass(frozen=True, slots=True)
class Directory:
    """The prompts of a project, released anywhere or not, and their aliases (old name -> name)."""

    names: frozenset[str]
    aliases: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ServedVersion:
    """One prompt as an environment serves it. ``number`` is ``None`` when it was retired here, or all of it recalled.

    ``content``: the flattened canonical JSON of the version's content; ``b""`` when retired.
    ``latest``: the prompt's newest number. ``verbatim``: the digest is that of ``content``, so damage can be seen.
    """

    prompt_id: int
    name: str
    number: int | None
    latest: int
    digest: str
    content: bytes
    released_at: datetime
    verbatim: bool = False


@dataclass(frozen=True, slots=True)
class EnvironmentState:
    """What an environment serves at one revision: everything, or (``since`` is set) what changed after that revision.

    audit: number and hash of the last entry of the project's audit chain then. received: on a relay, what it was read from.
    """

    key: EnvironmentKey
    project: str
    environment: Environment
    epoch: int
    revision: int
    since: int | None
    versions: Sequence[ServedVersion]
    audit: tuple[int, str] = (0, "")
    received: Received | None = None


class SnapshotSource(Protocol):
    """Where a node reads from. Every call is one consistent read transaction; an error means: keep what you have."""

    def heads(self, seen: History | None = None) -> Heads:
        """The counters; ``seen``: the history that the caller knows of this registry."""
        ...

    def directory(self, project_id: int) -> Directory: ...
    def environment(self, key: EnvironmentKey, since: int | None = None) -> EnvironmentState | None: ...
    def keys(self) -> Sequence[DeliveryKey]: ...
    def recalled(self, project_id: int) -> Recalls: ...

    def version(self, key: EnvironmentKey, name: str, number: int) -> tuple[ServedVersion, bool] | None:
        """One version, and whether it was ever live in that environment; ``None`` when it does not exist."""
        ...

    def used(self, selectors: Mapping[str, datetime]) -> None:
        """Write down when delivery keys were last used."""
        ...

    def fetched(self, fetched: Mapping[Fetched, datetime]) -> None:
        """Write down when delivery keys last fetched which prompt. A later moment than the one given stays."""
        ...

    def heard(self, instances: Sequence[Instance]) -> None:
        """Write down what clients said of themselves, joined with what other nodes heard of them."""
        ...

    def forget_instances(self, now: datetime) -> None:
        """Forget instances that were not heard of for long."""
        ...

    def hints(self) -> Iterator[None]:
        """Yield whenever something may have changed (NOTIFY, ``data_version``), and at least once a second.

        Only makes a node quick: reading ``heads`` after every yield is what makes it correct.
        """
        ...
