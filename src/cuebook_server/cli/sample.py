"""The sample team: a support desk whose prompts stand at different versions in three environments."""

from __future__ import annotations

from cuebook_server.domain.access import Actor, Grant
from cuebook_server.domain.release import Wanted
from cuebook_server.services import prompts, releases
from cuebook_server.services.ports import Units

_ACTOR = Actor("sample-team", "sample", (Grant("admin"),), "sample")
_TONE = "Write in a {{tone}} tone, in {{language}}, without jargon. Never promise a date you were not given."
_TONE_2 = _TONE + " Apologise once at most."
_MODEL = {"provider": "openai", "name": "gpt-5.2", "parameters": {"temperature": 0.2}}
_REPLY = {
    "kind": "chat",
    "messages": [
        {"role": "system", "content": "You answer customers of a facility support desk. {{> support.tone}}"},
        {"placeholder": "history"},
        {"role": "user", "content": "{{ticket}}"},
    ],
    "variables": {
        "tone": {"type": "string", "required": False, "default": "warm", "enum": ["warm", "formal", "brief"]},
        "language": {"type": "string", "required": False, "default": "English"},
    },
    "model": _MODEL,
}
_SUMMARY = "Summarise this conversation for the next shift in at most {{sentences}} sentences:\n\n{{conversation}}"


def _text(text: str) -> dict[str, object]:
    return {"kind": "text", "text": text, "model": _MODEL}


def _triage(last_rule: str = "") -> dict[str, object]:
    return _text(
        "You sort the mail of a facility support desk.\n\n"
        'Read the message and answer with one JSON object: "urgency" (high, medium or low), "sentiment" (negative, neutral or '
        f'positive) and "categories" (a list of matching tags).{last_rule}\n\nMessage:\n{{{{ticket}}}}'
    )


_SAVES: tuple[tuple[str, object, str], ...] = (
    ("support.triage", _triage(), "First version"),
    ("support.tone", _text(_TONE), "One tone for every reply"),
    ("support.reply", _REPLY, "Answer with the conversation so far"),
    ("support.handover", _text(_SUMMARY), "For the change of shifts"),
    ("support.triage", _triage(" Nothing but the JSON."), "Some answers came wrapped in prose"),
)
_RELEASES: tuple[tuple[str, tuple[tuple[str, int], ...], str], ...] = (
    ("staging", (("support.triage", 1), ("support.tone", 1), ("support.reply", 1)), "Start of the pilot"),
    ("production", (("support.triage", 1), ("support.tone", 1), ("support.reply", 1)), "The pilot desk liked it"),
    ("staging", (("support.triage", 2), ("support.handover", 1)), "Plain JSON for the ticket system"),
)
_AFTERWARDS: tuple[tuple[str, object, str], ...] = (
    ("support.tone", _text(_TONE_2), "Customers found the apologies too much"),
    ("support.triage", _triage(" Nothing but the JSON, on one line."), "The ticket system reads a line"),
)


def plant(units: Units, project: str) -> None:
    """Save and release the sample prompts, each step the way a person would."""
    _save(units, project, _SAVES)
    for environment, items, reason in _RELEASES:
        wanted = [Wanted(name, number) for name, number in items]
        with units.write() as uow:
            releases.create(_ACTOR, uow, project, releases.Request(environment, "promote", wanted, reason))
    _save(units, project, _AFTERWARDS)


def _save(units: Units, project: str, saves: tuple[tuple[str, object, str], ...]) -> None:
    for name, content, message in saves:
        with units.write() as uow:
            prompts.save(_ACTOR, uow, project, name, prompts.Draft(content, message))
