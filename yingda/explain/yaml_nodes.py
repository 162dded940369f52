"""YAML as nodes, which know their lines: what designers' files hold, and where it stands."""

from __future__ import annotations

from collections.abc import Iterator

import yaml

Node = yaml.Node
# libyaml reads our files thirty times as fast as the loader in Python
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def compose(text: str) -> Node | None:
    """The root node; raises yaml.YAMLError."""
    tree: Node | None = yaml.compose(text, LOADER)
    return tree


def pairs(node: Node | None) -> list[tuple[str, Node]]:
    """Names and values of a mapping; empty for anything else."""
    if not isinstance(node, yaml.MappingNode):
        return []
    return [(text(name), value) for name, value in node.value]


def keys(node: Node | None) -> list[Node]:
    """The nodes of a mapping's names."""
    return [name for name, _ in node.value] if isinstance(node, yaml.MappingNode) else []


def get(node: Node | None, key: str) -> Node | None:
    """The value of one key."""
    return dict(pairs(node)).get(key)


def items(node: Node | None) -> list[Node]:
    """The members of a sequence; empty for anything else."""
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def first(node: Node) -> Node:
    """`- name` and `- name: value` both name something: the node of the name."""
    return node.value[0][0] if isinstance(node, yaml.MappingNode) and node.value else node


def names(node: Node | None) -> Iterator[str]:
    """The names that a section of domain.yml lists, as a mapping or as a sequence."""
    if isinstance(node, yaml.MappingNode):
        yield from (name for name, _ in pairs(node))
    for item in items(node):
        yield text(first(item))


def text(node: Node | None) -> str:
    """A scalar as it is written; "" for anything else."""
    return str(node.value) if isinstance(node, yaml.ScalarNode) else ""


def is_null(node: Node | None) -> bool:
    """Written as null, or as nothing."""
    return node is None or node.tag.endswith(":null")


def value(node: Node) -> object:
    """What the node stands for in Python."""
    return yaml.SafeLoader("").construct_object(node, deep=True)


def line(node: Node) -> int:
    """Its line in the file, counted from 1."""
    return int(node.start_mark.line) + 1
