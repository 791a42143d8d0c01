"""Results as plain values that survive standard JSON, and back again with every value checked.

Numbers that JSON has no word for are written as the strings "NaN", "Infinity" and "-Infinity".
"""

import dataclasses
import functools
import json
import math
import types
import typing
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

from dashlab.training.results import EpochRow, Row, Started, StepRow

T = TypeVar("T")

_ROW_KINDS: dict[str, type[Row]] = {"started": Started, "step": StepRow, "epoch": EpochRow}
_NOT_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


class RecordError(ValueError):
    """A stored value does not have the form that it should have; the message says which."""


def plain(value: object) -> Any:
    """Dataclasses, tuples, mappings and scalars as what `json.dumps(allow_nan=False)` takes."""
    if dataclasses.is_dataclass(value):
        return {leaf.name: plain(getattr(value, leaf.name)) for leaf in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    assert value is None or isinstance(value, bool | int | float | str), type(value)
    return value


def from_plain(kind: type[T], value: object) -> T:
    """The dataclass `kind` that `plain` wrote.

    Raises:
        RecordError: a field is missing, unknown, or of another type than its annotation.
    """
    made = _reader(cast(Any, kind))(value, kind.__name__)
    assert isinstance(made, kind)
    return made


def plain_row(row: Row) -> dict[str, Any]:
    """A row as plain values, with its kind."""
    kind = next(name for name, row_type in _ROW_KINDS.items() if isinstance(row, row_type))
    return {"kind": kind, **plain(row)}


def row_from_plain(value: object) -> Row:
    """The row that `plain_row` wrote; raises `RecordError` on anything else."""
    if not isinstance(value, dict) or value.get("kind") not in _ROW_KINDS:
        raise RecordError("A row is of no known kind.")
    fields = {name: item for name, item in value.items() if name != "kind"}
    row: Row = from_plain(_ROW_KINDS[value["kind"]], fields)
    return row


def dumps(value: object) -> bytes:
    """Standard JSON, UTF-8, of what `plain` makes of `value`."""
    return json.dumps(plain(value), allow_nan=False, ensure_ascii=False, indent=1).encode()


def loads(text: bytes) -> Any:
    """Standard JSON back into plain values; raises `RecordError` where it is not sound."""
    try:
        return json.loads(text.decode(), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise RecordError("It is not valid JSON.") from error


def _refuse_constant(word: str) -> None:
    raise ValueError(f"{word} is not standard JSON")


_Reader = Callable[[object, str], Any]  # (plain value, where it stands) -> checked value


@functools.cache
def _reader(hint: Any) -> _Reader:
    """What turns a plain value into one of the type that `hint` annotates."""
    if dataclasses.is_dataclass(hint):
        assert isinstance(hint, type)
        return functools.partial(_read_dataclass, hint)
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is tuple:
        return functools.partial(_read_tuple, arguments)
    if origin in (dict, Mapping):
        return functools.partial(_read_mapping, arguments[1])
    if origin is typing.Literal:
        return functools.partial(_read_literal, arguments)
    if origin in (typing.Union, types.UnionType):
        return functools.partial(_read_union, arguments)
    return functools.partial(_read_scalar, hint)


_hints = functools.cache(typing.get_type_hints)  # which evaluates every annotation anew


def _read_dataclass(kind: type, value: object, where: str) -> Any:
    if not isinstance(value, dict):
        raise RecordError(f"{where} is not a record.")
    hints = _hints(kind)
    if unknown := value.keys() - hints.keys():
        raise RecordError(f"{where} has a field {min(map(str, unknown))!r} that is not known.")
    made = {name: _reader(hints[name])(item, f"{where}.{name}") for name, item in value.items()}
    try:
        return kind(**made)
    except TypeError as error:
        raise RecordError(f"{where} lacks a field.") from error


def _read_tuple(items: tuple[Any, ...], value: object, where: str) -> tuple[Any, ...]:
    if not isinstance(value, list | tuple):  # Dask hands lists over as tuples
        raise RecordError(f"{where} is not a list.")
    if len(items) == 2 and items[1] is Ellipsis:
        items = (items[0],) * len(value)
    if len(items) != len(value):
        raise RecordError(f"{where} has {len(value)} entries instead of {len(items)}.")
    return tuple(_reader(item)(entry, where) for item, entry in zip(items, value, strict=True))


def _read_mapping(item: Any, value: object, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise RecordError(f"{where} is not a record.")
    return {name: _reader(item)(entry, f"{where}.{name}") for name, entry in value.items()}


def _read_literal(allowed: tuple[Any, ...], value: object, where: str) -> Any:
    if not isinstance(value, str) or value not in allowed:
        raise RecordError(f"{where} is none of {', '.join(map(str, allowed))}.")
    return value


def _read_union(kinds: tuple[Any, ...], value: object, where: str) -> Any:
    if value is None and type(None) in kinds:
        return None
    (kind,) = (kind for kind in kinds if kind is not type(None))  # the records hold no union but `X | None`
    return _reader(kind)(value, where)


def _read_scalar(kind: type, value: object, where: str) -> Any:
    if kind is float:
        if isinstance(value, str) and value in _NOT_FINITE:
            return _NOT_FINITE[value]
        if isinstance(value, float) or (type(value) is int and abs(value) <= 2**53):
            return float(value)
    elif type(value) is kind and kind in (int, str, bool):
        return value
    raise RecordError(f"{where} is not of type {getattr(kind, '__name__', kind)}.")
