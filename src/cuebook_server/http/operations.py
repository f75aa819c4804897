"""What operators ask a node: does it live, is it ready, how does it do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

router = APIRouter(tags=["operations"])


@dataclass(frozen=True, slots=True)
class Node:
    """What a node knows of itself.

    state: starting, ready, stale (the database was not confirmed lately; delivery goes on) or draining (it is about to stop).
    epoch: which past of the registry the revisions belong to.
    as_of: seconds since 1970 when the node last knew it was up to date. revisions: by (project, environment). counters: what it
    counted since the start, some of it by a label. damaged: prompts whose stored content cannot be read. streams, connections:
    how many are open. writes: whether the database takes changes now. serves: whether what it holds is young enough to be
    served. signs_until: when the certificate of its signing key ends, in seconds since 1970; 0 where it signs nothing. dead:
    threads that have ended though nobody told them to. fleet: by (project, environment), how many clients it
    heard of lately that hold the present revision, and how many that do not; counted when asked.
    """

    state: str
    epoch: int
    as_of: float
    database: str
    revisions: Mapping[tuple[str, str], int]
    counters: Mapping[str, float | Mapping[Any, float]]
    damaged: int
    streams: int
    connections: int
    writes: bool
    serves: bool
    signs_until: int
    dead: Sequence[str]
    fleet: Callable[[], Mapping[tuple[str, str], tuple[int, int]]]


STATES = ("starting", "ready", "stale", "draining")
# What is counted under a label, by the label's name and what it means.
LABELLED = {
    "requests": ("cuebook_delivery_requests", "Delivery answers by HTTP status.", "status"),
    "goodbyes": ("cuebook_streams_ended", "Event streams this node ended, by reason.", "reason"),
    "refused": ("cuebook_refused", "What admission turned away, by what there was too much of.", "what"),
}


@router.get("/healthz")
def healthz() -> dict[str, str]:
    """The process lives."""
    return {"status": "ok"}


@router.get("/readyz")
def readyz(request: Request, response: Response) -> dict[str, Any]:
    """The node serves: 200 when ready or stale (`writes`: whether it takes changes), 503 while it starts, ends or is broken."""
    node: Node = request.app.state.node()
    if node.state in {"starting", "draining"} or node.dead or not node.serves:
        response.status_code = 503
        response.headers["Retry-After"] = "1"
    return {
        "state": node.state,
        "writes": node.writes,
        "epoch": node.epoch,
        "as_of": node.as_of,
        "database": node.database,
        "environments": len(node.revisions),
        "dead": node.dead,
    }


@router.get("/metrics")
def metrics(request: Request) -> Response:
    """The node's figures, for Prometheus."""
    registry = CollectorRegistry()
    registry.register(_Figures(request.app.state.node))
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


class _Figures:
    """Turns a node's counts into Prometheus' families when asked."""

    def __init__(self, node: Callable[[], Node]) -> None:
        self._node = node

    def collect(self) -> list[Metric]:
        node = self._node()
        revisions = GaugeMetricFamily(
            "cuebook_delivery_revision", "The revision this node serves.", labels=["project", "environment"]
        )
        for labels, revision in sorted(node.revisions.items()):
            revisions.add_metric(list(labels), revision)
        state = GaugeMetricFamily("cuebook_node_state", "1 for the node's present state.", labels=["state"])
        for name in STATES:
            state.add_metric([name], 1.0 if name == node.state else 0.0)
        as_of = GaugeMetricFamily(
            "cuebook_delivery_as_of_seconds",
            "When the node last knew it was up to date, in seconds since 1970.",
            value=node.as_of,
        )
        epoch = GaugeMetricFamily(
            "cuebook_delivery_epoch", "The epoch this node serves: greater after a restore or failover.", value=node.epoch
        )
        damaged = GaugeMetricFamily(
            "cuebook_delivery_damaged", "Prompts whose stored content cannot be read: they answer 503.", value=node.damaged
        )
        streams = GaugeMetricFamily("cuebook_streams", "Event streams that are open.", value=node.streams)
        connections = GaugeMetricFamily("cuebook_connections", "Connections that are open.", value=node.connections)
        writes = GaugeMetricFamily("cuebook_node_writes", "1 when the database takes changes.", value=float(node.writes))
        signs = GaugeMetricFamily(
            "cuebook_signing_until_seconds",
            "When the signing key's certificate ends, in seconds since 1970; 0: nothing is signed.",
            value=node.signs_until,
        )
        dead = GaugeMetricFamily("cuebook_node_dead_threads", "Threads that ended by themselves.", value=len(node.dead))
        fleet = GaugeMetricFamily(
            "cuebook_fleet_instances",
            "Clients this process heard of and that run still, as far as it knows; current: they hold the present revision.",
            labels=["project", "environment", "current"],
        )
        for labels, counts in sorted(node.fleet().items()):
            for current, count in zip(("yes", "no"), counts, strict=True):
                fleet.add_metric([*labels, current], count)
        counted = [_counter(name, value) for name, value in node.counters.items()]
        return [revisions, epoch, state, as_of, damaged, writes, signs, dead, streams, connections, fleet, *counted]


def _counter(name: str, value: float | Mapping[Any, float]) -> Metric:
    if not isinstance(value, Mapping):
        return CounterMetricFamily(f"cuebook_{name}", f"{name.replace('_', ' ').capitalize()} since the start.", value=value)
    family, meaning, label = LABELLED[name]
    metric = CounterMetricFamily(family, meaning, labels=[label])
    for which, count in sorted(dict(value).items()):
        metric.add_metric([str(which)], count)
    return metric
