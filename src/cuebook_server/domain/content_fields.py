"""The fields of a version's content, checked one by one. Every refusal says where (``at``, a JSON pointer) and what to do."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from cuebook.rendering import ROLES
from cuebook.template import TemplateError, is_identifier
from cuebook.variables import TYPES, VARIABLES_MAX, Variable
from cuebook_server.domain.canonical import pointer
from cuebook_server.domain.errors import BadContent, BadName
from cuebook_server.domain.names import clip, prompt_name

_COMMON = ("kind", "engine", "variables", "model", "tools", "response_format", "includes")
_BODY = {"text": "text", "chat": "messages"}
_SPEC = ("type", "required", "default", "description", "enum")
# Where a model is called and with whose credential is the application's business: a prompt that could say so could send
# an application's key and data elsewhere.
_FORBIDDEN_ENDINGS = (
    *("apikey", "accesskey", "accesskeyid", "privatekey", "secret", "secretkey", "password", "credential", "credentials"),
    *("accesstoken", "authtoken", "bearertoken", "apitoken", "authorization", "header", "headers"),
    *("baseurl", "baseuri", "apibase", "apiurl", "endpoint", "endpointurl", "proxy", "proxies"),
)
_FORBIDDEN_WORDS = frozenset({"url", "uri", "host", "hostname", "token", "auth", "bearer"})
_NO_LETTER = re.compile(r"[^a-z0-9]++")


def normal_form(raw: object) -> dict[str, Any]:
    """The checked content in normal form, its includes as given: ``kind``, ``engine``, ``text`` or ``messages`` and
    ``variables`` always, the rest only when there is something in it.
    """
    content = _object(raw, "", "The content")
    kind = content.get("kind")
    if not isinstance(kind, str) or kind not in _BODY:
        raise BadContent("`kind` must be `text` or `chat`.", at="/kind", hint="Use `text` with `text`, `chat` with `messages`.")
    body = _BODY[kind]
    _check_known(content, (*_COMMON, body), "", f"a {kind} prompt")
    if body not in content:
        raise BadContent(f"`{body}` is missing.", at="", hint=f"A {kind} prompt needs `{body}`.")
    if content.get("engine", "simple") != "simple":
        raise BadContent("This template engine is not known.", at="/engine", hint="Use `simple`, or leave it out.")
    form = {
        "kind": kind,
        "engine": "simple",
        body: _text(content[body]) if kind == "text" else _messages(content[body]),
        "variables": _variables(_given(content, "variables", {})),
    }
    checks = {"model": _model, "tools": _tools, "response_format": _response_format, "includes": _includes}
    optional = {name: check(content[name]) for name, check in checks.items() if content.get(name) is not None}
    return form | {name: value for name, value in optional.items() if value}


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise BadContent("`text` must be a string.", at="/text")
    if not value.strip():
        raise BadContent("The text is empty.", at="/text", hint="Write the prompt, or retire it where it should be silent.")
    return value


def _messages(value: object) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not value:
        raise BadContent("`messages` must be a list with at least one message.", at="/messages")
    messages = [_message(message, pointer("/messages", index)) for index, message in enumerate(value)]
    names: set[str] = set()
    for index, message in enumerate(messages):
        name = message.get("placeholder")
        if name in names:
            raise BadContent(f"The placeholder `{name}` stands twice.", at=pointer("/messages", index, "placeholder"))
        names |= {name} if name else set()
    return messages


def _message(value: object, at: str) -> dict[str, Any]:
    message = _object(value, at, "A message")
    if "placeholder" in message:
        _check_known(message, ("placeholder",), at, "a placeholder")
        _check_identifier(message["placeholder"], pointer(at, "placeholder"), "a placeholder")
        return message
    _check_known(message, ("role", "content"), at, "a message")
    if message.get("role") not in ROLES:
        raise BadContent("`role` is not known.", at=pointer(at, "role"), hint=f"Use {', '.join(ROLES)}.")
    _check_message_content(message.get("content"), pointer(at, "content"))
    return message


def _check_message_content(content: object, at: str) -> None:
    if isinstance(content, str):
        return
    if not isinstance(content, list) or not content:
        raise BadContent("`content` must be a string or a list of parts.", at=at)
    for index, value in enumerate(content):
        part = _object(value, pointer(at, index), "A part")
        if not isinstance(part.get("type"), str):
            raise BadContent("A part needs a string `type`.", at=pointer(at, index, "type"))
        if part["type"] == "text" and not isinstance(part.get("text"), str):
            raise BadContent("A text part needs a string `text`.", at=pointer(at, index, "text"))


def _variables(value: object) -> dict[str, dict[str, Any]]:
    specs = _object(value, "/variables", "`variables`")
    if len(specs) > VARIABLES_MAX:
        raise BadContent(f"{len(specs)} variables are declared.", at="/variables", hint=f"At most {VARIABLES_MAX}.")
    return {name: _spec(name, spec, pointer("/variables", name)) for name, spec in specs.items()}


def _spec(name: str, value: object, at: str) -> dict[str, Any]:
    _check_identifier(name, at, "a variable")
    spec = _object(value, at, "A variable's spec")
    _check_known(spec, _SPEC, at, "a variable")
    spec = {"type": "string", "required": "default" not in spec} | spec
    if spec["type"] not in TYPES:
        raise BadContent("The type is not known.", at=pointer(at, "type"), hint=f"Use {', '.join(TYPES)}.")
    if not isinstance(spec["required"], bool):
        raise BadContent("`required` must be true or false.", at=pointer(at, "required"))
    if not isinstance(spec.get("description", ""), str):
        raise BadContent("`description` must be a string.", at=pointer(at, "description"))
    _check_values(name, spec, at)
    return spec


def _check_values(name: str, spec: Mapping[str, Any], at: str) -> None:
    """The enum's values and the default must be values the variable would take."""
    if "enum" in spec and (not isinstance(spec["enum"], list) or not spec["enum"]):
        raise BadContent("`enum` must be a list with at least one value.", at=pointer(at, "enum"))
    for member in ("enum", "default"):
        try:
            Variable.of(name, {key: spec[key] for key in ("type", "enum", member) if key in spec})
        except TemplateError as error:
            raise BadContent(f"In `{member}`, {error}.", at=pointer(at, member)) from None
    if len(Variable.of(name, spec).enum or ()) != len(spec.get("enum", ())):
        raise BadContent("A value stands twice in `enum`.", at=pointer(at, "enum"))


def _model(value: object) -> dict[str, Any]:
    model = _object(value, "/model", "`model`")
    _check_forbidden(model, "/model")
    _check_known(model, ("provider", "name", "parameters"), "/model", "a model")
    for key in ("provider", "name"):
        if key in model and not (isinstance(model[key], str) and model[key].strip()):
            raise BadContent(f"`{key}` must be a string that is not empty.", at=pointer("/model", key))
    _object(model.get("parameters", {}), "/model/parameters", "`parameters`")
    return model


def _check_forbidden(value: object, at: str) -> None:
    if isinstance(value, list):
        for index, item in enumerate(value):
            _check_forbidden(item, pointer(at, index))
    if not isinstance(value, dict):
        return
    for key, member in value.items():
        word = _NO_LETTER.sub("", key.lower())
        if word in _FORBIDDEN_WORDS or word.endswith(_FORBIDDEN_ENDINGS):
            raise BadContent(
                f"`{clip(key)}` may not stand in a prompt's model.",
                at=pointer(at, key),
                hint="Addresses, headers and credentials belong to the application that calls the model.",
            )
        _check_forbidden(member, pointer(at, key))


def _tools(value: object) -> list[dict[str, Any]]:
    if not isinstance(value, list):
        raise BadContent("`tools` must be a list of objects.", at="/tools")
    return [_object(tool, pointer("/tools", index), "A tool") for index, tool in enumerate(value)]


def _response_format(value: object) -> dict[str, Any]:
    return _object(value, "/response_format", "`response_format`")


def _includes(value: object) -> dict[str, int]:
    includes = _object(value, "/includes", "`includes`")
    for name, number in includes.items():
        at = pointer("/includes", name)
        try:
            prompt_name(name)
        except BadName as error:
            raise BadContent(error.detail, at=at, hint=error.advice) from None
        if not isinstance(number, int) or isinstance(number, bool) or number < 1:
            raise BadContent("A fragment is locked to a version number: 1 or greater.", at=at)
    return includes


def _object(value: object, at: str, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BadContent(f"{what} must be an object.", at=at)
    return value


def _given(content: Mapping[str, Any], name: str, otherwise: object) -> object:
    value = content.get(name)
    return otherwise if value is None else value


def _check_known(value: Mapping[str, Any], known: Collection[str], at: str, what: str) -> None:
    for key in value:
        if key not in known:
            hint = f"The fields of {what} are {', '.join(known)}."
            raise BadContent(f"The field `{clip(key)}` is not known here.", at=pointer(at, key), hint=hint)


def _check_identifier(name: object, at: str, what: str) -> None:
    if not isinstance(name, str) or not is_identifier(name):
        hint = "Use a letter or underscore, then letters, digits and underscores; 64 characters at most."
        raise BadContent(f"{clip(str(name))!r} cannot name {what}.", at=at, hint=hint)
