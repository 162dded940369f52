"""Typed settings from YAML files, which refuse to load when anything is wrong.

A settings file is described by a dataclass (nested as deeply as the file). `load` reads the file once
and returns an instance, or raises `SettingsError` naming file, line, key, value and what was expected.

    @dataclass(frozen=True)
    class Sip:
        port: int = knob(5060, low=1, high=65535)
        transport: Literal["udp", "tcp"] = "udp"

    @dataclass(frozen=True)
    class Gateway:
        sip: Sip = field(default_factory=Sip)

    settings = load("settings/gateway.yml", Gateway)

Fields without a default must be in the file. A `__post_init__` may raise ValueError for rules between keys.

Each key can be set from outside without editing the file, by an environment variable named after the file
and the key: `YINGDA_GATEWAY__SIP__PORT=5062` sets `sip.port` of `gateway.yml`. The value is read as YAML,
and is checked like the file's. A variable that matches no key is an error too.
"""

from __future__ import annotations

import dataclasses
import enum
import os
import re
import types
import typing
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml

T = TypeVar("T")
_SECRET = re.compile("token|secret|password", re.IGNORECASE)


class SettingsError(Exception):
    """A settings file cannot be used. The text says where, what was found, what was expected."""


def knob(
    default: Any = dataclasses.MISSING,
    *,
    low: float | None = None,
    high: float | None = None,
    pattern: str | None = None,
    default_factory: Callable[[], Any] | None = None,
    secret: bool = False,
) -> Any:
    """A dataclass field with limits: numbers within [low, high], strings matching the whole `pattern`. A
    `secret` is left out of the repr; messages hide it by its key's name."""
    metadata = {"low": low, "high": high, "pattern": pattern}
    if default_factory is not None:
        return dataclasses.field(default_factory=default_factory, metadata=metadata, repr=not secret)
    return dataclasses.field(default=default, metadata=metadata, repr=not secret)


def load(path: str | Path, kind: type[T], environ: Mapping[str, str] | None = None) -> T:
    """Read `path` into a `kind` (a dataclass). `environ` is os.environ unless given.

    Raises SettingsError.
    """
    shown = str(path)
    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError as error:
        hint = "restore the file, e.g. from git"
        raise SettingsError(f"{shown}: cannot be read ({error.strerror}); {hint}") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{shown}: is not UTF-8 text; save it as UTF-8") from None
    tree = _parse(text, shown)
    for name, value in _overrides(Path(path).stem, os.environ if environ is None else environ).items():
        _place(tree, name, value)
    reader = _Reader(shown)
    result = reader.read_dataclass(tree, kind, "")
    return typing.cast(T, result)


@dataclasses.dataclass
class _Value:
    """A YAML value and where it stands, so that messages can point at it."""

    data: Any
    where: str  # "line 12", or the name of an environment variable


def _parse(text: str, shown: str) -> _Value:
    try:
        node = yaml.compose(text, yaml.SafeLoader)
        return _Value({}, "line 1") if node is None else _convert(node, yaml.SafeLoader(""), shown)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise SettingsError(f"{shown}: line {line}: is not valid YAML: {error.problem}") from None
    except (yaml.YAMLError, ValueError) as error:
        raise SettingsError(f"{shown}: is not valid YAML: {error}") from None


def _convert(node: yaml.Node, loader: yaml.SafeLoader, shown: str) -> _Value:
    where = f"line {node.start_mark.line + 1}"
    if isinstance(node, yaml.MappingNode):
        loader.flatten_mapping(node)
        result: dict[str, _Value] = {}
        for key_node, value_node in node.value:
            key = str(loader.construct_object(key_node, deep=True))
            if key in result:
                line = key_node.start_mark.line + 1
                raise SettingsError(f"{shown}: line {line}: key '{key}' stands there twice")
            result[key] = _convert(value_node, loader, shown)
        return _Value(result, where)
    if isinstance(node, yaml.SequenceNode):
        return _Value([_convert(item, loader, shown) for item in node.value], where)
    return _Value(loader.construct_object(node, deep=True), where)


def _overrides(stem: str, environ: Mapping[str, str]) -> dict[tuple[str, ...], _Value]:
    prefix = f"YINGDA_{stem.upper().replace('-', '_')}__"
    found = {}
    for name, text in environ.items():
        if name.startswith(prefix):
            try:
                node = yaml.compose(text, yaml.SafeLoader)
                value = _Value(None, name) if node is None else _convert(node, yaml.SafeLoader(""), name)
            except yaml.YAMLError:
                raise SettingsError(f"{name}: got {_shown(name, text)}, which is not valid YAML") from None
            value.where = name
            found[tuple(name[len(prefix) :].lower().split("__"))] = value
    return found


def _place(tree: _Value, path: tuple[str, ...], value: _Value) -> None:
    for part in path[:-1]:
        if not isinstance(tree.data, dict):
            return  # the file itself is malformed there, and the reader will say so
        tree = tree.data.setdefault(part, _Value({}, value.where))
        if tree.data is None:
            tree.data = {}
    if isinstance(tree.data, dict):
        tree.data[path[-1]] = value


class _Reader:
    def __init__(self, shown: str) -> None:
        self.shown = shown

    def fail(self, value: _Value, key: str, expected: str) -> typing.NoReturn:
        got = _shown(key, _plain(value))
        place = f"{self.shown}: {value.where}: " + (f"key '{key}': " if key else "")
        raise SettingsError(f"{place}got {got}, expected {expected}")

    def read_dataclass(self, value: _Value, kind: type[Any], key: str) -> Any:
        if value.data is None:
            value = _Value({}, value.where)
        if not isinstance(value.data, dict):
            self.fail(value, key, "a section with keys")
        hints = typing.get_type_hints(kind)
        fields = {f.name: f for f in dataclasses.fields(kind) if f.init}
        prefix = f"{key}." if key else ""
        for name, item in value.data.items():
            if name not in fields:
                self._unknown(item, prefix, name, list(fields))
        given = {}
        for name, field in fields.items():
            if name in value.data:
                given[name] = self.read(value.data[name], hints[name], prefix + name, field.metadata)
            elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
                expected = _describe(hints[name], field.metadata)
                raise SettingsError(f"{self.shown}: key '{prefix}{name}' is missing; add it: {expected}")
        try:
            return kind(**given)
        except ValueError as error:
            section = f": section '{key}'" if key else ""
            raise SettingsError(f"{self.shown}: {value.where}{section}: {error}") from None

    def _unknown(self, item: _Value, prefix: str, name: str, known: list[str]) -> typing.NoReturn:
        place = f"{self.shown}: {item.where}: key '{prefix}{name}' is unknown"
        raise SettingsError(f"{place}; remove it or use one of: {', '.join(known)}")

    def read(self, value: _Value, kind: Any, key: str, limits: Mapping[str, Any]) -> Any:
        origin, args = typing.get_origin(kind), typing.get_args(kind)
        if origin in (typing.Union, types.UnionType):
            return self._read_union(value, args, key, limits)
        if origin is typing.Literal:
            if not any(value.data == choice and type(value.data) is type(choice) for choice in args):
                self.fail(value, key, _describe(kind, limits))
            return value.data
        if origin in (list, tuple):
            return self._read_list(value, kind, key, limits)
        if origin is dict:
            if not isinstance(value.data, dict):
                self.fail(value, key, _describe(kind, limits))
            items = value.data.items()
            return {name: self.read(item, args[1], f"{key}.{name}", limits) for name, item in items}
        if dataclasses.is_dataclass(kind):
            return self.read_dataclass(value, typing.cast("type[Any]", kind), key)
        return self._read_scalar(value, kind, key, limits)

    def _read_union(self, value: _Value, kinds: tuple[Any, ...], key: str, limits: Mapping[str, Any]) -> Any:
        if value.data is None and type(None) in kinds:
            return None
        real = [kind for kind in kinds if kind is not type(None)]
        for kind in real[:-1]:
            try:
                return self.read(value, kind, key, limits)
            except SettingsError:
                continue
        return self.read(value, real[-1], key, limits)

    def _read_list(self, value: _Value, kind: Any, key: str, limits: Mapping[str, Any]) -> Any:
        if not isinstance(value.data, list):
            self.fail(value, key, _describe(kind, limits))
        item_kind = typing.get_args(kind)[0]
        items = [self.read(item, item_kind, f"{key}[{i}]", limits) for i, item in enumerate(value.data)]
        return tuple(items) if typing.get_origin(kind) is tuple else items

    def _read_scalar(self, value: _Value, kind: Any, key: str, limits: Mapping[str, Any]) -> Any:
        data, good = value.data, False
        if kind is Any:
            return _plain(value)
        if kind is bool:
            good = isinstance(data, bool)
        elif kind is int:
            good = isinstance(data, int) and not isinstance(data, bool)
        elif kind is float:
            good = isinstance(data, (int, float)) and not isinstance(data, bool)
            data = float(data) if good else data
        elif kind is str:
            good = isinstance(data, str)
        elif kind is Path:
            good = isinstance(data, str) and bool(data)
            data = Path(data) if good else data
        elif isinstance(kind, type) and issubclass(kind, enum.Enum):
            good = data in [member.value for member in kind]
            data = kind(data) if good else data
        else:
            raise TypeError(f"settings key '{key}': fields of type {kind!r} are not supported")
        if not good or not _within(data, limits):
            self.fail(value, key, _describe(kind, limits))
        return data


def shown(value: Any) -> str:
    """A value for a message, at most 60 characters of it."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _shown(key: str, value: Any) -> str:
    """A value for a message; not what a key's name calls a secret, since messages end up in logs."""
    return "a value that is not shown" if _SECRET.search(key) else shown(value)


def _within(data: Any, limits: Mapping[str, Any]) -> bool:
    low, high, pattern = limits.get("low"), limits.get("high"), limits.get("pattern")
    if isinstance(data, (int, float)) and not isinstance(data, bool):
        return data == data and (low is None or data >= low) and (high is None or data <= high)
    if isinstance(data, str) and pattern is not None:
        return re.fullmatch(pattern, data) is not None
    return True


def _plain(value: Any) -> Any:
    if isinstance(value, _Value):
        return _plain(value.data)
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _describe(kind: Any, limits: Mapping[str, Any]) -> str:
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return " or ".join("null" if a is type(None) else _describe(a, limits) for a in args)
    if origin is typing.Literal:
        return "one of " + ", ".join(repr(choice) for choice in args)
    if origin in (list, tuple):
        return f"a list, each item {_describe(args[0], limits)}"
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return "one of " + ", ".join(repr(member.value) for member in kind)
    names = {bool: "true or false", int: "an integer", float: "a number", str: "a text", Path: "a file path"}
    name = names.get(kind, "a section with keys")
    low, high, pattern = limits.get("low"), limits.get("high"), limits.get("pattern")
    if kind in (int, float):
        if low is not None and high is not None:
            return f"{name} {low}-{high}"
        if low is not None:
            return f"{name} of at least {low}"
        return name if high is None else f"{name} of at most {high}"
    return name if kind is not str or pattern is None else f"{name} matching {pattern}"
