"""What operators ask a node: does it live, is it ready, how does it do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

router = APIRouter(tags=["operations"])


@dataclass(frozen=True, slots=True)
class Node:
    """What a node knows of itself.

    state: starting, ready or stale (the database was not confirmed lately; delivery goes on). as_of: seconds since 1970 when
    the node last knew it was up to date. revisions: by (project, environment). requests: delivery answers by status.
    damaged: prompts whose stored content cannot be read.
    """

    state: str
    as_of: float
    database: str
    revisions: Mapping[tuple[str, str], int]
    requests: Mapping[int, int]
    counters: Mapping[str, float]
    damaged: int


@router.get("/healthz")
def healthz() -> dict[str, str]:
    """The process lives."""
    return {"status": "ok"}


@router.get("/readyz")
def readyz(request: Request, response: Response) -> dict[str, Any]:
    """The node serves: 200 when ready or stale, 503 while it starts."""
    node: Node = request.app.state.node()
    if node.state == "starting":
        response.status_code = 503
        response.headers["Retry-After"] = "1"
    return {"state": node.state, "as_of": node.as_of, "database": node.database, "environments": len(node.revisions)}


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
        requests = CounterMetricFamily("cuebook_delivery_requests", "Delivery answers by HTTP status.", labels=["status"])
        for status, count in sorted(node.requests.items()):
            requests.add_metric([str(status)], count)
        revisions = GaugeMetricFamily(
            "cuebook_delivery_revision", "The revision this node serves.", labels=["project", "environment"]
        )
        for labels, revision in sorted(node.revisions.items()):
            revisions.add_metric(list(labels), revision)
        state = GaugeMetricFamily("cuebook_node_state", "1 for the node's present state.", labels=["state"])
        for name in ("starting", "ready", "stale"):
            state.add_metric([name], 1.0 if name == node.state else 0.0)
        as_of = GaugeMetricFamily(
            "cuebook_delivery_as_of_seconds",
            "When the node last knew it was up to date, in seconds since 1970.",
            value=node.as_of,
        )
        damaged = GaugeMetricFamily(
            "cuebook_delivery_damaged", "Prompts whose stored content cannot be read: they answer 503.", value=node.damaged
        )
        others = [
            CounterMetricFamily(f"cuebook_{name}", f"{name.replace('_', ' ').capitalize()} since the start.", value=value)
            for name, value in node.counters.items()
        ]
        return [requests, revisions, state, as_of, damaged, *others]
