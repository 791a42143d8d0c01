"""Fields: what is set, and what of it cannot be read."""

from __future__ import annotations

from dashlab.settings.fields import Spec
from ui.parts.fields import Fields


def fields() -> Fields:
    specs = {name: Spec(kind="text", label=name, help=name) for name in ("one", "two", "three")}
    return Fields("form", specs, dict.fromkeys(specs, ""))


def test_the_first_that_cannot_be_read_is_told_among_those_asked_for() -> None:
    form = fields()
    assert form.problem() == ""
    form.problems |= {"three": "Three is no number.", "two": "Two is no number."}
    assert form.problem() == "Two is no number."
    assert form.problem(["one", "three"]) == "Three is no number."
    assert form.problem(["one"]) == ""


def test_what_is_put_there_can_be_read() -> None:
    form = fields()
    form.problems["two"] = "Two is no number."
    form.put({"two": "2"})
    assert (form.values["two"], form.problem()) == ("2", "")
