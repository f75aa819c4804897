"""A client's own figures for Prometheus or OpenTelemetry, read from its `State` when they are asked for: reads pay nothing.

::

    client = cuebook.Client()
    cuebook.metrics.prometheus(client)  # needs prometheus-client
    cuebook.metrics.opentelemetry(client)  # needs opentelemetry-api

Of several clients with the same key the figures are one: the oldest revision, the greatest age, the sum of what is counted.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import groupby
from typing import TYPE_CHECKING, Any, Literal, get_args

from cuebook._record import KeyName
from cuebook.engine import Phase
from cuebook.errors import Misconfigured

if TYPE_CHECKING:
    from cuebook._held import State
    from cuebook.client import AsyncClient, Client

    AnyClient = Client | AsyncClient

Kind = Literal["gauge", "counter"]
PHASES: tuple[Phase, ...] = get_args(Phase)


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure: its name without ``_total``, what it means, and its labels beside ``environment`` and ``key``."""

    name: str
    kind: Kind
    meaning: str
    labels: tuple[str, ...] = ()


REVISION = Figure("cuebook_client_revision", "gauge", "The revision this process serves from.")
AGE = Figure("cuebook_client_age_seconds", "gauge", "How long ago the registry last confirmed what is served.")
PHASE = Figure("cuebook_client_phase", "gauge", "1 for the client's present phase.", ("phase",))
SOURCE = Figure("cuebook_client_source", "gauge", "1 for where what is served came from.", ("source",))
STREAMING = Figure("cuebook_client_streaming", "gauge", "1 while changes are told at once, 0 while they are polled for.")
FALLBACKS = Figure("cuebook_client_fallbacks", "counter", "Reads that got the caller's own fallback.")
UNVERIFIED = Figure("cuebook_client_unverified", "counter", "Answers that were not used because of their signatures.")
FIGURES = (REVISION, AGE, PHASE, SOURCE, STREAMING, FALLBACKS, UNVERIFIED)
Sample = tuple[Mapping[str, str], float]


def prometheus(*clients: AnyClient, registry: Any = None) -> None:
    """Show the figures of these clients in Prometheus' default registry, or in another. `Misconfigured` without its package.

    The clients are held weakly: who is closed and let go of is shown no more.
    """
    _need("prometheus_client", "prometheus-client")
    from prometheus_client import REGISTRY
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

    families = {"gauge": GaugeMetricFamily, "counter": CounterMetricFamily}

    # Not `clients` itself, which a collector would hold for ever.
    held = weakref.WeakSet(clients)

    class Collector:
        def describe(self) -> list[Any]:
            return []  # what there is depends on the clients; asking them at registration would be too early

        def collect(self) -> Iterator[Any]:
            found = measured(held)
            for figure in FIGURES:
                labels = ("environment", "key", *figure.labels)
                family = families[figure.kind](figure.name, figure.meaning, labels=labels)
                for values, value in found[figure]:
                    family.add_metric([values[label] for label in labels], value)
                yield family

    (registry or REGISTRY).register(Collector())


def opentelemetry(*clients: AnyClient, meter: Any = None) -> None:
    """Let OpenTelemetry observe the figures of these clients, by the application's meter provider or this meter."""
    _need("opentelemetry.metrics", "opentelemetry-api")
    from opentelemetry.metrics import Observation, get_meter

    held, meter = weakref.WeakSet(clients), meter or get_meter("cuebook")

    def observe(figure: Figure) -> Any:
        return lambda _: [Observation(value, dict(labels)) for labels, value in measured(held)[figure]]

    for figure in FIGURES:
        make = meter.create_observable_gauge if figure.kind == "gauge" else meter.create_observable_counter
        make(figure.name.replace("cuebook_client_", "cuebook.client."), callbacks=[observe(figure)], description=figure.meaning)


def measured(clients: Iterable[AnyClient]) -> dict[Figure, list[Sample]]:
    """Every figure's samples now."""
    states = sorted(((_place(client, client.state), client.state) for client in clients), key=lambda each: each[0])
    found: dict[Figure, list[Sample]] = {figure: [] for figure in FIGURES}
    for (environment, key), group in groupby(states, key=lambda each: each[0]):
        for figure, labels, value in _of([state for _, state in group]):
            found[figure].append(({"environment": environment, "key": key, **labels}, value))
    return found


def _of(states: list[State]) -> Iterator[tuple[Figure, Mapping[str, str], float]]:
    holding = [state for state in states if state.revision is not None]
    if holding:
        yield REVISION, {}, min(state.revision or 0 for state in holding)
        yield AGE, {}, max(state.age for state in holding)
    for phase in PHASES:
        yield PHASE, {"phase": phase}, float(any(state.phase == phase for state in states))
    for source in ("network", "disk", "bundle"):
        yield SOURCE, {"source": source}, float(any(state.source == source for state in states))
    yield STREAMING, {}, float(all(state.streaming for state in states))
    yield FALLBACKS, {}, sum(state.fallbacks for state in states)
    yield UNVERIFIED, {}, sum(state.unverified for state in states)


def _place(client: AnyClient, state: State) -> tuple[str, str]:
    return state.environment or "", KeyName.of(client._key).selector  # noqa: SLF001 - of this package; its selector is no secret


def _need(module: str, package: str) -> None:
    try:
        there = find_spec(module) is not None
    except ModuleNotFoundError:  # of a dotted name the parent is imported first
        there = False
    if not there:
        raise Misconfigured(f"{package} is not installed.", hint=f"pip install {package}")
