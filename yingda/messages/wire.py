"""Frozen dataclasses to JSON and back, with errors that name the field.

A message class lists its fields; this module checks a decoded JSON object against the field types.
Only what our messages need is supported: str, int, float, bool, ``X | None``, ``tuple[str, ...]``,
``dict[str, Any]``, ``Literal`` and nested message parts.
"""

from __future__ import annotations

import dataclasses
import math
import types
import typing
from collections.abc import Hashable
from functools import cache
from typing import Any, TypeVar

Message = TypeVar("Message")


class MessageError(ValueError):
    """Not one of our messages; the text names message, field and what was expected."""


def fields_from(kind: type[Message], data: dict[str, Any], where: str) -> Message:
    """Build ``kind`` from a decoded JSON object.

    Unknown keys, missing keys and wrong types raise MessageError naming ``where`` and the key.
    """
    hints = _hints(typing.cast(Any, kind))
    unknown = sorted(set(data) - set(hints))
    if unknown:
        raise MessageError(f"{where}: unknown field {unknown[0]!r}; expected {', '.join(hints)}")
    values: dict[str, Any] = {}
    for field in dataclasses.fields(typing.cast(Any, kind)):
        if field.name in data:
            values[field.name] = _checked(hints[field.name], data[field.name], f"{where}.{field.name}")
        elif _is_required(field):
            raise MessageError(f"{where}: field {field.name!r} is missing")
    return kind(**values)


def plain(value: Any) -> Any:
    """A message as dicts and lists, ready for json.dumps."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, (tuple, list)):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return value


@cache
def _hints(kind: Hashable) -> dict[str, Any]:
    hints = typing.get_type_hints(kind)
    return {f.name: hints[f.name] for f in dataclasses.fields(typing.cast(Any, kind))}


def _is_required(field: dataclasses.Field[Any]) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _checked(hint: Any, value: Any, where: str) -> Any:
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        if value is None and type(None) in args:
            return None
        return _checked(next(a for a in args if a is not type(None)), value, where)
    if origin is typing.Literal:
        if not isinstance(value, str) or value not in args:
            raise _wrong(where, value, "one of " + ", ".join(args))
        return value
    if origin is tuple:
        if not isinstance(value, list):
            raise _wrong(where, value, "a list")
        return tuple(_checked(args[0], item, f"{where}[{i}]") for i, item in enumerate(value))
    if origin is dict:
        if not isinstance(value, dict):
            raise _wrong(where, value, "an object")
        return value
    if dataclasses.is_dataclass(hint):
        if not isinstance(value, dict):
            raise _wrong(where, value, "an object")
        return fields_from(typing.cast("type[Any]", hint), value, where)
    return _checked_scalar(hint, value, where)


def _checked_scalar(hint: Any, value: Any, where: str) -> Any:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if hint is float:
        if not is_number or not math.isfinite(value):
            raise _wrong(where, value, "a number")
        return float(value)
    if hint is int:
        if not is_number or not isinstance(value, int):
            raise _wrong(where, value, "an integer")
        return value
    if hint is bool and isinstance(value, bool):
        return value
    if hint is str and isinstance(value, str):
        return value
    raise _wrong(where, value, {bool: "true or false", str: "a string"}.get(hint, str(hint)))


def _wrong(where: str, value: Any, expected: str) -> MessageError:
    # A field can hold the caller's words, so the error carries the kind of value and never the value.
    return MessageError(f"{where}: got {_kind_of(value)}, expected {expected}")


def _kind_of(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true/false"
    names = {str: "a string", int: "an integer", float: "a number", list: "a list", dict: "an object"}
    return names.get(type(value), type(value).__name__)
