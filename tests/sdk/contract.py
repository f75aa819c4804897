"""Runs one case of spec/delivery over the engine; `spec/delivery/README.md` says what the members mean."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cuebook._exchange import Answer
from cuebook.delivery import NOTHING, read_snapshot
from cuebook.engine import Action, Changed, Engine, Entered, Fetch, Hangup, Listen, Store, Wait
from cuebook.errors import Unavailable
from tests.sdk.standin import served, whole

Json = dict[str, Any]
FOLDER = Path(__file__).parents[2] / "spec" / "delivery"
INPUTS = ("load", "start", "tick", "want", "answer", "no_answer", "opened", "heard", "ended", "close")


def cases() -> list[tuple[str, Json]]:
    """Every case with its name."""
    files = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.json"))}
    return [(f"{stem}: {case['title']}", case) for stem, document in files.items() for case in document["cases"]]


def run(case: Json) -> list[Json]:
    """The steps again, with what this engine did in ``then`` and, where it differs from before, what it holds in ``held``."""
    engine, held, steps = Engine(**case.get("client", {})), Json(), list[Json]()
    for step in case["steps"]:
        done = {**step, "then": _actions(engine, step)}
        done.pop("held", None)
        before, held = held, _held(engine, step["at"])
        steps.append(done if held == before else {**done, "held": held})
    return steps


def _actions(engine: Engine, step: Json) -> list[Json]:
    [name] = (name for name in INPUTS if name in step)
    given, now, luck = step[name], float(step["at"]), float(step.get("luck", 0.5))
    match name:
        case "load":
            engine.load(read_snapshot(_answer({"snapshot": given}), now - given["age_s"], source=given["source"]))
            return []
        case "start":
            return _told(engine.start(now, luck, given.get("spread_s", 0.0)))
        case "tick":
            return _told(engine.tick(now, luck))
        case "want":
            return _told(engine.want(given, now))
        case "answer":
            return _told(engine.answered(_answer(given), now, luck))
        case "no_answer":
            return _told(engine.unanswered(Unavailable(), now, luck))
        case "opened":
            return _told(engine.opened(given["stream"], given["status"], given["headers"], now, luck))
        case "heard":
            return _told(engine.heard(given["stream"], _bytes(given), now, luck))
        case "ended":
            return _told(engine.ended(given["stream"], now, luck))
    return _told(engine.close(now))


def _answer(given: Mapping[str, Any]) -> Answer:
    status = given.get("status", 200)
    if "snapshot" not in given:
        return Answer(status, given.get("headers", {}), given.get("text", "").encode())
    told = {"epoch": 1, "environment": "production", "names": ["greeting"], **given["snapshot"]}
    environment, revision = told["environment"], told["revision"]
    prompts = [served(name, version=revision, environment=told.get("of", environment)) for name in told["names"]]
    members = {name: told[name] for name in ("retired", "recalled") if name in told}
    body = {**whole(revision, environment=environment, epoch=told["epoch"], **members), "prompts": prompts}
    headers = {"content-type": "application/json", "etag": f'"{told["epoch"]}-{revision}"', **given.get("headers", {})}
    data = json.dumps(body).encode()
    return Answer(status, headers, data[: len(data) // 2] if given.get("cut") else data)


def _bytes(heard: Mapping[str, Any]) -> bytes:
    return str(heard["text"]).encode() + b"x" * int(heard.get("fill", 0))


def _told(actions: list[Action]) -> list[Json]:
    return [_action(action) for action in actions]


def _action(action: Action) -> Json:
    match action:
        case Fetch(origin, request):
            asked = {"min_revision": request.params.get("min_revision"), "environment": request.params.get("environment")}
            asked |= {"if_none_match": request.headers.get("If-None-Match"), "applied": request.headers.get("Cuebook-Applied")}
            return {"fetch": {"origin": origin, **{name: value for name, value in asked.items() if value is not None}}}
        case Listen(stream, origin, _):
            return {"listen": {"stream": stream, "origin": origin}}
        case Hangup(stream):
            return {"hangup": stream}
        case Store(snapshot, answer):
            return {"touch" if answer is None else "store": f"{snapshot.epoch}:{snapshot.revision}"}
        case Changed():
            return {"changed": True}
        case Entered(phase):
            return {"entered": phase}
        case Wait(until):
            return {"wait": None if until == math.inf else round(until, 3)}


def _held(engine: Engine, now: float) -> Json:
    snapshot, error = engine.snapshot, engine.error
    if snapshot is NOTHING:
        return {"order": None, "phase": engine.phase(now), "error": error and error.code}
    order = f"{snapshot.epoch}:{snapshot.revision}"
    return {
        "order": order,
        "names": sorted(snapshot.prompts),
        "source": snapshot.source,
        "phase": engine.phase(now),
        "error": error and error.code,
    }


def text(document: Json) -> str:
    """A file of the suite, one step a line."""
    cases = []
    for case in document["cases"]:
        head = json.dumps({name: value for name, value in case.items() if name != "steps"}, ensure_ascii=False)[:-1]
        steps = ",\n".join("    " + json.dumps(step, ensure_ascii=False) for step in case["steps"])
        cases.append(f'  {head}, "steps": [\n{steps}\n  ]}}')
    return '{"suite": 1, "cases": [\n' + ",\n".join(cases) + "\n]}\n"


def main() -> None:
    """Write what this engine does into the suite. Read every line of the difference before you commit it."""
    for path in FOLDER.glob("*.json"):
        document = json.loads(path.read_text(encoding="utf-8"))
        path.write_text(text({"cases": [{**case, "steps": run(case)} for case in document["cases"]]}), encoding="utf-8")


if __name__ == "__main__":
    main()
