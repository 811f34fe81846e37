"""Nested mappings to frozen dataclasses, with all faults named together.

A field is a scalar, a literal, a list, another dataclass, any of them or null, or a number with
:class:`Bounds`. Nothing here knows what the parameters are: they are in :mod:`mard.config`.
"""

from __future__ import annotations

import dataclasses
import difflib
import types
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import yaml

from mard.errors import ConfigError


@dataclass(frozen=True)
class Bounds:
    """Inclusive bounds of a number, written ``Annotated[float, Bounds(0, 1)]``."""

    low: float
    high: float = float("inf")


def overlay(base: Mapping[str, Any], top: Mapping[str, Any]) -> dict[str, Any]:
    """``top`` over ``base``, mapping by mapping; lists and scalars are replaced whole."""
    merged = dict(base)
    for key, value in top.items():
        below = merged.get(key)
        merged[key] = (
            overlay(below, value) if isinstance(below, Mapping) and isinstance(value, Mapping) else value
        )
    return merged


def read_yaml(path: Path) -> dict[str, Any]:
    """The sections of a YAML file; an empty file has none.

    Raises:
        ConfigError: The file is missing, or is not YAML sections.
    """
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigError(str(path), ["no such file"]) from error
    except yaml.YAMLError as error:
        raise ConfigError(str(path), [f"not YAML: {' '.join(str(error).split())}"]) from error
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise ConfigError(str(path), [f"expected sections, got {type(values).__name__}"])
    return values


def parse_override(text: str) -> dict[str, Any]:
    """``section.key=value`` as a nested mapping; the value is YAML.

    Raises:
        ConfigError: The text is not of that form.
    """
    dotted, equals, raw = text.partition("=")
    keys = dotted.strip().split(".")
    if not equals or len(keys) < 2 or not all(keys):
        raise ConfigError("--set", [f"{text!r} is not of the form section.key=value"])
    try:
        value: Any = yaml.safe_load(raw)
    except yaml.YAMLError as error:
        raise ConfigError("--set", [f"{text!r}: the value is not YAML"]) from error
    for key in reversed(keys):
        value = {key: value}
    nested: dict[str, Any] = value
    return nested


def build(kind: Any, values: Any, faults: list[str], where: str = "") -> Any:
    """``values`` as the dataclass ``kind``, or None.

    Every unknown key, missing key, wrong type and value out of range is appended to ``faults``.
    """
    if not isinstance(values, Mapping):
        faults.append(f"{where or 'top level'}: expected a mapping, got {values!r}")
        return None
    hints = get_type_hints(kind, include_extras=True)
    names = [f.name for f in dataclasses.fields(kind)]
    prefix = f"{where}." if where else ""
    for key in values:
        if key not in names:
            near = difflib.get_close_matches(str(key), names, n=1)
            faults.append(f"{prefix}{key} is unknown" + (f" (did you mean {near[0]}?)" if near else ""))
    built = {}
    for item in dataclasses.fields(kind):
        place = prefix + item.name
        if item.name in values:
            built[item.name] = _value(hints[item.name], values[item.name], place, faults)
        elif item.default is not dataclasses.MISSING:
            built[item.name] = item.default
        else:
            faults.append(f"{place} is missing")
    return kind(**built) if len(built) == len(names) else None


def _value(hint: Any, value: Any, where: str, faults: list[str]) -> Any:
    origin = get_origin(hint)
    if origin is Annotated:
        inner, bounds = get_args(hint)
        checked = _value(inner, value, where, faults)
        if isinstance(checked, inner) and not bounds.low <= checked <= bounds.high:
            faults.append(f"{where}: {checked} is outside [{bounds.low}, {bounds.high}]")
        return checked
    if dataclasses.is_dataclass(hint):
        return build(hint, value, faults, where)
    if origin in (Union, types.UnionType):
        some = next(arm for arm in get_args(hint) if arm is not type(None))
        return None if value is None else _value(some, value, where, faults)
    if origin is list:
        return _list(get_args(hint)[0], value, where, faults)
    return _scalar(hint, value, where, faults)


def _list(element: Any, value: Any, where: str, faults: list[str]) -> list[Any]:
    if not isinstance(value, list):
        faults.append(f"{where}: expected a list, got {value!r}")
        return []
    return [_value(element, item, f"{where}[{index}]", faults) for index, item in enumerate(value)]


def _scalar(hint: Any, value: Any, where: str, faults: list[str]) -> Any:
    if get_origin(hint) is Literal:
        if value not in get_args(hint):
            faults.append(f"{where}: {value!r} is none of {', '.join(map(str, get_args(hint)))}")
    elif hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    elif not isinstance(value, hint) or (isinstance(value, bool) and hint is not bool):
        faults.append(f"{where}: expected {hint.__name__}, got {value!r}")
    return value
