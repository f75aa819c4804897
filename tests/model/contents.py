"""What people do with prompts: save, import, describe, alias, recall, and what suites say of versions."""

from __future__ import annotations

import math
from typing import Any

from cuebook_server.domain.prompt import Provenance
from cuebook_server.services import gates, imports, prompts, recalls
from tests.model.oracle import before, digest_of, harmful
from tests.model.state import TONE, Content, Gate, Prompt, Release, Version
from tests.model.world import Entries, World

FOREIGN = f"sha256:{'0' * 64}"


def _meant(world: World, who: str, name: str, content: Content, base: int | None = None) -> tuple[set[str], Version]:
    """The version a save would write, and what speaks against it."""
    state, of = world.state, world.state.prompt(name)
    against = {"base_moved"} if base not in (None, len(of.versions) if of else 0) else set()
    tone, served = None, content.text
    if content.toned:
        tone = state.prompts[TONE].newest if TONE in state.prompts else None
        against |= {"fragment_missing"} if tone is None else set()
        against |= {"fragment_cycle"} if (of.name if of else name) == TONE and tone is not None else set()
        served = content.text.replace("{{> tone}}", state.prompts[TONE].versions[tone - 1].served) if tone else served
    return against, Version(content, tone, served, world.players[who].answers, world.now)


def _written(world: World, name: str, version: Version) -> bool:
    """Save on the model's side; whether there was anything new."""
    of = world.state.prompt(name) or world.state.prompts.setdefault(name, Prompt(name))
    last = of.versions[-1] if of.versions else None
    if last is not None and (last.content, last.tone) == (version.content, version.tone):
        return False
    was = of.newest
    of.versions.append(version)
    for environment in world.state.environments.values():
        if environment.tracks:
            environment.raise_revision(world.now)
            environment.record(of.name, was, len(of.versions), "save")
    return True


def _is_new(world: World, name: str, version: Version) -> bool:
    of = world.state.prompt(name)
    last = of.versions[-1] if of else None
    return last is None or (last.content, last.tone) != (version.content, version.tone)


def save(world: World, who: str, name: str, content: Content, base: int | None = None) -> None:
    """Save a version, perhaps from a base that is the newest no more."""
    against, version = _meant(world, who, name, content, base)
    against |= world.may(who, "prompts.write")
    named = of.name if (of := world.state.prompt(name)) else name
    new = _is_new(world, name, version)
    entries = [("version.saved", named)] if new else []
    saved = world.step(who, against, entries, prompts.save, name, prompts.Draft(content.document, "", base))
    if saved:
        assert saved.created == new
        _written(world, name, version)


def import_one(world: World, who: str, name: str, content: Content, key: str, about: str) -> None:
    """Import a version; the same key never goes in twice, and what is wrong with one thing is reported, not raised."""
    of, against = world.state.prompt(name), world.may(who, "prompts.write")
    wrong, version = _meant(world, who, name, content)
    wanted = imports.Wanted(
        name, prompts.Draft(content.document, "", None, Provenance("git", import_key=key)), {"description": about}
    )
    if of and key in of.imported:
        results = world.step(who, against, [], imports.run, [wanted])
        assert results is None or (results[0].status, results[0].version) == ("unchanged", of.imported[key])
        return
    new, entries = not wrong and _is_new(world, name, version), Entries()
    if new:
        entries = [("version.saved", of.name if of else name)]
        entries += [("prompt.described", name)] if about and of is None else []
    results = world.step(who, against, entries, imports.run, [wanted])
    if results is None:
        return
    (result,) = results
    assert (result.refusal.code in wrong) if result.refusal else not wrong
    if not wrong:
        assert _written(world, name, version) == (result.status == "created")
        made = world.state.prompt(name)
        assert made is not None
        made.imported[key] = len(made.versions)
        made.description = about if of is None else made.description


def describe(world: World, who: str, name: str, description: str, aliases: tuple[str, ...]) -> None:
    """Say what a prompt is for, and which names it had."""
    of, against = world.state.prompt(name), world.may(who, "prompts.write")
    if of is None:
        against |= {"not_found"}
    else:
        taken = {alias for alias in aliases if (other := world.state.prompt(alias)) and (other is not of or alias == of.name)}
        against |= {"already_exists"} if taken else set()
        pinned = [e.name for e in world.state.environments.values() if not e.tracks]
        live = any(world.state.serves(environment, of.name) for environment in pinned)
        against |= {"alias_served"} if of.aliases - set(aliases) and live else set()
    changes = {"description": description, "aliases": aliases}
    different = of is not None and (of.description, of.aliases) != (description, frozenset(aliases))
    entries = [("prompt.described", of.name)] if of and different else []
    if world.step(who, against, entries, prompts.describe, name, changes) and of:
        of.description, of.aliases = description, frozenset(aliases)


def recall(world: World, who: str, name: str, number: int, reason: str) -> None:
    """Declare a version harmful: every environment leaves it in the same step."""
    of, against = world.state.prompt(name), world.may(who, "versions.recall")
    against |= {"bad_metadata"} if not reason.strip() else set()
    if of is None or number > len(of.versions):
        against |= {"not_found"}
    elif number in of.recalled:
        against |= {"already_recalled"}
    if against or of is None:
        world.step(who, against, [], recalls.recall, name, number, reason)
        return
    serving = [e for e in world.state.environments.values() if world.state.serves(e.name, of.name) == number]
    of.recalled.add(number)
    entries, instead = [("version.recalled", f"{of.name}@{number}")], dict[str, int | None]()
    for environment in serving:
        if environment.tracks:
            environment.raise_revision(world.now)
            environment.record(of.name, number, of.newest, "recall")
            instead[environment.name] = of.newest
        else:
            release = _taken_back(world, who, environment.name, of, number, reason)
            entries.append((f"release.{release.kind}", f"release {release.number}"))
            instead[environment.name] = release.items[of.name][0]
    done = world.step(who, set(), entries, recalls.recall, name, number, reason)
    assert done is not None
    assert done.instead == instead


def _taken_back(world: World, who: str, environment: str, of: Prompt, number: int, reason: str) -> Release:
    back = before([move.after for move in world.state.environments[environment].of(of.name)], harmful(world.state, of.name))
    player = world.players[who]
    release = Release(
        number=len(world.state.releases) + 1,
        environment=environment,
        kind="rollback" if back else "retire",
        items={of.name: (back, number)},
        reason=f"Recalled: {reason}",
        author=player.principal,
        person=player.person or player.owner,
        created_at=world.now,
    )
    world.state.apply(world.state.add(release), world.now)
    return release


def report(world: World, who: str, gate: str, suite: str, name: str, number: int, said: tuple[bool, float | None]) -> None:
    """A suite's word on a version's digest, or (no such version) on a digest nobody knows."""
    against, (passed, score) = world.may(who, "releases.approve"), said
    against |= {"bad_gate_result"} if score is not None and math.isnan(score) else set()
    of = world.state.prompt(name)
    known = of is not None and number <= len(of.versions)
    told: dict[str, Any] = {"digest": _digest(world, of.name, number) if of and known else FOREIGN}
    told |= {"suite_revision": suite, "passed": passed, "score": score}
    if world.step(who, against, [("gate.reported", gate)], gates.report, gate, **told) and of and known:
        world.state.gates.append(Gate(gate, suite, digest_of(world.state, of.name, number), passed, world.now))


def _digest(world: World, name: str, number: int) -> str:
    return str(world.registry.ask(prompts.version, name, str(number)).digest)
