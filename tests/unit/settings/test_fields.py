"""Descriptions of settings: what a text spells, which values are sound, and the nearest sound one."""

import math
from typing import Any

import pytest

from dashlab.errors import ConfigError
from dashlab.settings.fields import Spec, Value
from dashlab.settings.run import LEAVES, RunConfig
from tests.typed import there

SPECS = {name: spec for name, (_part, spec) in LEAVES.items()}
DEFAULTS = RunConfig().flat()

HOSTILE = (
    "",
    " ",
    "nan",
    "-nan",
    "inf",
    "-inf",
    "1e999",
    "-1e999",
    "9" * 400,
    "9" * 5000,
    "-1",
    "--",
    "-5",
    "0-0",
    "1-2-3-" * 50 + "1",
    "1e3",
    "0x10",
    "٣",
    "true",
    "None",
    "[]",
    "{}",
    "null",
    "%00",
    "\x00",
    "a\nb",
    "<script>alert(1)</script>",
    "'; DROP TABLE runs; --",
    "../../etc/passwd",
    "\ud800",
    "🦆" * 2000,
)


def number(**more: Any) -> Spec:
    return Spec(kind="number", label="X", help="x", low=1e-7, high=100.0, **more)


def integer(low: int = 1, high: int = 1000) -> Spec:
    return Spec(kind="integer", label="N", help="n", low=low, high=high)


def sizes() -> Spec:
    return Spec(kind="sizes", label="S", help="s", low=1, high=64, longest=3)


FLAG = Spec(kind="flag", label="F", help="f")
TEXT = Spec(kind="text", label="T", help="t")


def some_values(spec: Spec, default: Value) -> list[Value]:
    """Sound values of every kind of setting, its ends included."""
    match spec.kind:
        case "number":
            return [default, float(spec.low), float(spec.high), (spec.low + spec.high) / 3]
        case "integer":
            return [default, int(spec.low), int(spec.high), int(spec.low + spec.high) // 3]
        case "flag":
            return [True, False]
        case "choice":
            return list(spec.choices)
        case "sizes":
            return [default, (), (1,), (int(spec.high),) * spec.longest]
        case "text":
            return ["", "a", " spaced ", "/home/Jörg/Bilder 2", "a-b_c.zip", "x" * 1024]


def test_what_is_formatted_is_parsed_back() -> None:
    for name, spec in SPECS.items():
        for value in some_values(spec, DEFAULTS[name]):
            assert spec.problem(value) is None, (name, value)
            assert spec.parse(spec.format(value)) == value, name


def test_a_sound_value_is_left_alone_by_clamping() -> None:
    for name, spec in SPECS.items():
        for value in some_values(spec, DEFAULTS[name]):
            assert spec.clamp(value, DEFAULTS[name]) is value, name


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text[:12]))
def test_a_text_of_a_link_is_refused_in_a_sentence_or_clamped_to_a_sound_value(text: str) -> None:
    for name, spec in SPECS.items():
        default = DEFAULTS[name]
        try:
            clamped = spec.clamp(spec.parse(text), default)
        except ConfigError as error:
            clamped, refusal = default, str(error)
        else:
            refusal = f"{spec.label}: "
        assert spec.problem(clamped) is None, (name, clamped)
        assert type(clamped) is type(default), name
        assert refusal.startswith(f"{spec.label}: "), name


def test_a_value_of_another_kind_is_clamped_to_a_sound_one() -> None:
    numbers = (True, -1, 0, 2.5, math.nan, math.inf, -math.inf, 10**400)
    for name, spec in SPECS.items():
        for value in (*numbers, "x", (), (0,), (1.5, 2), (True,), ("a",)):
            clamped = spec.clamp(value, DEFAULTS[name])  # type: ignore[arg-type]
            assert spec.problem(clamped) is None, (name, value, clamped)


@pytest.mark.parametrize(
    ("spec", "value", "nearest"),
    [
        (number(), 0, 1e-7),  # the int 0 is a number too, and must not come back as int(1e-7)
        (number(), 1e9, 100.0),
        (integer(), -3, 1),
        (integer(), math.inf, 1000),
        (integer(), 2.6, 3),
        (sizes(), (0, 100, 5, 7), (1, 64, 5)),
    ],
)
def test_a_value_out_of_range_is_clamped_to_the_nearest_one(
    spec: Spec, value: Value, nearest: float | tuple[int, ...]
) -> None:
    clamped = spec.clamp(value, 9)
    assert clamped == nearest
    assert type(clamped) is type(nearest)


@pytest.mark.parametrize(
    ("spec", "value"), [(number(), math.nan), (integer(), True), (FLAG, 1), (sizes(), ("a",))]
)
def test_a_value_that_has_no_nearest_one_is_replaced_by_the_default(spec: Spec, value: Value) -> None:
    assert spec.clamp(value, "the default") == "the default"


@pytest.mark.parametrize("text", ["on", "On", "true", "YES", "1", " on "])
def test_a_flag_is_switched_on_by_any_of_its_words(text: str) -> None:
    assert FLAG.parse(text) is True


@pytest.mark.parametrize("text", ["off", "False", "no", "0"])
def test_a_flag_is_switched_off_by_any_of_its_words(text: str) -> None:
    assert FLAG.parse(text) is False


@pytest.mark.parametrize("text", ["128-64", "128,64", "128 64", "128, 64", " 128 - 64 "])
def test_sizes_may_be_joined_in_several_ways(text: str) -> None:
    assert sizes().parse(text) == (128, 64)


@pytest.mark.parametrize("text", ["", "none", "None"])
def test_no_sizes_are_spelled_none(text: str) -> None:
    assert sizes().parse(text) == ()


@pytest.mark.parametrize("text", ["-5", "5-", "5--", "a-b", "1.5"])
def test_sizes_that_are_not_whole_numbers_above_0_are_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="whole numbers joined"):
        sizes().parse(text)


def test_text_keeps_its_spaces() -> None:
    assert TEXT.parse(" my pictures ") == " my pictures "


@pytest.mark.parametrize("text", ["a\x00b", "a\nb", "\x7f"])
def test_text_with_control_characters_is_refused(text: str) -> None:
    assert TEXT.problem(text) == "must be one line without control characters"


@pytest.mark.parametrize(
    ("spec", "value", "words"),
    [
        (number(), 0.0, "must lie between 1e-07 and 100"),
        (number(), math.nan, "must lie between"),
        (number(), "1", "must be a number"),
        (number(), True, "must be a number"),
        (integer(0, 2**31 - 1), -1, "must lie between 0 and 2,147,483,647"),
        (integer(), 1.0, "must be a whole number"),
        (sizes(), (1, 2, 3, 4), "may have at most 3 entries"),
        (sizes(), (65,), "entries must lie between 1 and 64"),
        (sizes(), [1], "must be whole numbers joined"),
        (FLAG, "on", "must be on or off"),
        (Spec(kind="choice", label="C", help="c", choices=("a", "b")), "c", "must be one of a, b"),
        (TEXT, 3, "must be text"),
        (TEXT, "x" * 1025, "may have at most 1,024 characters"),
    ],
)
def test_an_unsound_value_is_described(spec: Spec, value: Value, words: str) -> None:
    assert words in there(spec.problem(value))
