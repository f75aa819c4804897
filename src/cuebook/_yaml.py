"""YAML 1.2 cut down to JSON: what has no place in JSON is refused, nothing is ever constructed from a tag."""

from __future__ import annotations

import io
import re
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.representer import SafeRepresenter

_TAG = "tag:yaml.org,2002:"
# A plain date, `<<` or `=` is the string it looks like.
_STRINGS = frozenset(_TAG + kind for kind in ("str", "timestamp", "merge", "value"))
_CONSTANTS = {"true": True, "false": False}
# What a literal block brings back as it was: several lines, no trailing blanks, only characters that YAML leaves alone.
_BLOCK = re.compile(r"[!-~\u00a1-\u1fff\u2030-\ud7ff][ -~\u00a1-\u1fff\u2030-\ud7ff\n]*")


class BadYaml(ValueError):
    """The YAML is not acceptable; the message says why and where."""


def load(text: str) -> Any:
    """Read one YAML document of JSON's types. Raises ``BadYaml``."""
    try:
        root = YAML(typ="safe", pure=True).compose(io.StringIO(text))
        return None if root is None else _value(root, set())
    except MarkedYAMLError as error:
        where = f" (line {error.problem_mark.line + 1})" if error.problem_mark else ""
        raise BadYaml(f"{error.problem or error.context}{where}") from None
    except YAMLError as error:
        raise BadYaml(str(error).splitlines()[0]) from None
    except RecursionError:
        raise BadYaml("it is nested too deeply") from None


def dump(value: Any) -> str:
    """Write JSON values as YAML for people: block style, keys in the given order. Raises ``BadYaml``."""
    writer = YAML(typ="safe", pure=True)
    writer.Representer = _Representer
    writer.default_flow_style = False
    writer.allow_unicode = True
    writer.width = 4096
    writer.sort_base_mapping_type_on_output = False  # type: ignore[assignment]  # ruamel declares only its default, None
    out = io.StringIO()
    try:
        writer.dump(value, out)
    except (YAMLError, RecursionError) as error:
        raise BadYaml(str(error)) from None
    return out.getvalue()


class _Representer(SafeRepresenter):
    """Several lines as a block, no anchors."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002  the base class's signature
        return True


def _text(representer: SafeRepresenter, text: str) -> ScalarNode:
    readable = "\n" in text and " \n" not in text and not text.endswith(" ") and _BLOCK.fullmatch(text)
    node: ScalarNode = representer.represent_scalar(_TAG + "str", text, style="|" if readable else None)
    return node


_Representer.add_representer(str, _text)


def _value(node: Node, above: set[int]) -> Any:
    """A node as a JSON value. ``above`` holds every collection seen: one met twice came through an alias."""
    if isinstance(node, ScalarNode):
        return _scalar(node)
    if id(node) in above or node.anchor:
        raise BadYaml(f"anchors and aliases are not read{_where(node)}")
    above.add(id(node))
    if isinstance(node, SequenceNode) and node.tag == _TAG + "seq":
        return [_value(child, above) for child in node.value]
    if isinstance(node, MappingNode) and node.tag == _TAG + "map":
        return _pairs(node, above)
    raise BadYaml(f"the tag {node.tag} is not read{_where(node)}")


def _pairs(node: MappingNode, above: set[int]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = _value(key_node, above)
        if not isinstance(key, str):
            raise BadYaml(f"the key {str(key)[:60]!r} is not a string{_where(key_node)}")
        if key in result:
            raise BadYaml(f"the key {key[:60]!r} stands twice{_where(key_node)}")
        result[key] = _value(value_node, above)
    return result


def _scalar(node: ScalarNode) -> Any:
    tag, text = node.tag, str(node.value)
    if node.anchor:
        raise BadYaml(f"anchors and aliases are not read{_where(node)}")
    if tag in _STRINGS:
        return text
    try:
        if tag == _TAG + "null":
            return None
        if tag == _TAG + "bool":
            return _CONSTANTS[text.lower()]
        if tag == _TAG + "int":
            return _integer(text.replace("_", "").lower())
        if tag == _TAG + "float":
            return _finite(text.replace("_", ""))
    except (ValueError, KeyError):
        raise BadYaml(f"{text[:60]!r} is no JSON value{_where(node)}") from None
    raise BadYaml(f"the tag {tag} is not read{_where(node)}")


def _integer(text: str) -> int:
    base = 8 if "0o" in text else 16 if "0x" in text else 2 if "0b" in text else 10
    return int(text, base)


def _finite(text: str) -> float:
    value = float(text)  # `.inf` and `.nan` are not numbers to Python, and not to JSON
    if value in (float("inf"), float("-inf")):
        raise ValueError(text)
    return value


def _where(node: Node) -> str:
    return f" (line {node.start_mark.line + 1})" if node.start_mark else ""
