"""A client's figures, for Prometheus and for OpenTelemetry; and a word when a process has two clients for a key."""

from __future__ import annotations

import gc
import importlib.util
import logging
from typing import Any

import pytest
from opentelemetry.metrics import CallbackOptions
from prometheus_client import CollectorRegistry, generate_latest

import cuebook
from cuebook import metrics
from tests.sdk.conftest import KEY
from tests.sdk.standin import StandIn, reply

LABELS = 'environment="production",key="selector"'


def shown(registry: CollectorRegistry) -> dict[str, float]:
    """What Prometheus scrapes, by name and labels."""
    lines = generate_latest(registry).decode().splitlines()
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines if line[0] != "#"}


def test_prometheus_sees_what_a_client_holds(client: cuebook.Client) -> None:
    registry = CollectorRegistry()
    metrics.prometheus(client, registry=registry)
    client.get("greeting")
    client.get("nothing", fallback="x")
    found = shown(registry)
    assert found[f"cuebook_client_revision{{{LABELS}}}"] == 1
    assert 0 <= found[f"cuebook_client_age_seconds{{{LABELS}}}"] < 60
    assert found[f'cuebook_client_phase{{{LABELS},phase="ready"}}'] == 1
    assert found[f'cuebook_client_source{{{LABELS},source="network"}}'] == 1
    assert found[f"cuebook_client_fallbacks_total{{{LABELS}}}"] == 1
    assert found[f"cuebook_client_streaming{{{LABELS}}}"] == 0
    assert KEY.split("_")[3] not in str(found)


def test_a_client_that_holds_nothing_has_no_revision_and_no_age(registry: StandIn) -> None:
    registry.answer = lambda _: reply({}, status=500)
    with cuebook.Client(registry.url, KEY, refresh_s=1000, wait=0.01) as client:
        assert client.get("greeting", fallback="x").text == "x"
        found = metrics.measured([client])
    assert (found[metrics.REVISION], found[metrics.AGE]) == ([], [])
    assert found[metrics.FALLBACKS] == [({"environment": "", "key": "selector"}, 1)]


def test_two_clients_of_a_key_are_one_figure_and_one_let_go_of_is_none(client: cuebook.Client, registry: StandIn) -> None:
    scraped = CollectorRegistry()
    other = cuebook.Client(registry.url, KEY, refresh_s=1000)
    metrics.prometheus(client, other, registry=scraped)
    for each in (client, other):
        each.get("greeting")
        each.get("nothing", fallback="x")
    name = f"cuebook_client_fallbacks_total{{{LABELS}}}"
    assert shown(scraped)[name] == 2
    other.close()
    del other, each
    gc.collect()
    assert shown(scraped)[name] == 1


class Meter:
    """As much of OpenTelemetry's meter as is used; its API package alone measures nothing."""

    def __init__(self) -> None:
        self.made: dict[str, Any] = {}

    def create_observable_gauge(self, name: str, callbacks: list[Any], description: str) -> None:
        assert description
        (self.made[name],) = callbacks

    create_observable_counter = create_observable_gauge


def test_opentelemetry_observes_the_same(client: cuebook.Client) -> None:
    meter = Meter()
    metrics.opentelemetry(client, meter=meter)
    client.get("greeting")
    assert set(meter.made) == {f"cuebook.client.{figure.name.removeprefix('cuebook_client_')}" for figure in metrics.FIGURES}
    (seen,) = meter.made["cuebook.client.revision"](CallbackOptions())
    assert (seen.value, seen.attributes) == (1, {"environment": "production", "key": "selector"})


def test_the_applications_own_meter_is_the_default(client: cuebook.Client) -> None:
    metrics.opentelemetry(client)


@pytest.mark.parametrize(
    ("module", "show"), [("prometheus_client", metrics.prometheus), ("opentelemetry", metrics.opentelemetry)]
)
def test_a_missing_package_is_named(client: cuebook.Client, module: str, show: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(metrics, "find_spec", lambda name: None if name.startswith(module) else real(name))
    with pytest.raises(cuebook.Misconfigured, match="is not installed"):
        show(client)


def test_a_second_client_for_a_key_is_told_of(
    client: cuebook.Client, registry: StandIn, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "cuebook"):
        cuebook.Client(registry.url, KEY.replace("selector", "other"), refresh_s=1000).close()
        assert "another client" not in caplog.text
        cuebook.Client(registry.url, KEY, refresh_s=1000).close()
    assert "this process has another client for the key selector" in caplog.text
    assert KEY.split("_")[3] not in caplog.text


def test_who_closed_the_first_may_make_another(
    client: cuebook.Client, registry: StandIn, caplog: pytest.LogCaptureFixture
) -> None:
    client.close()
    with caplog.at_level(logging.WARNING, "cuebook"):
        cuebook.Client(registry.url, KEY, refresh_s=1000).close()
    assert "another client" not in caplog.text
