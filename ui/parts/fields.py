"""What is set in some widgets: those of a page, of one entry of a list, of one step of a pipeline.

A widget's own value is lost as soon as the widget is not drawn, so the truth is kept here; `controls` copies
it in and out. Those of a page also have a link, and presets: `PageState`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import streamlit as st

from dashlab.settings.fields import Spec, Value


@dataclass
class Fields:
    """Settings by name, each with its description.

    Attributes:
        prefix: what the keys of the widgets begin with.
        specs: description of each setting.
        values: of every setting; always allowed by its spec.
        problems: sentences about widgets whose text cannot be read, by setting.
    """

    prefix: str
    specs: Mapping[str, Spec]
    values: dict[str, Value]
    problems: dict[str, str] = field(default_factory=dict, kw_only=True)

    def put(self, values: Mapping[str, Value]) -> None:
        """Set some or all settings; call before their widgets are drawn, or from a callback."""
        for name, value in values.items():
            self.values[name] = value
            self.problems.pop(name, None)
            st.session_state.pop(f"{self.prefix}_{name}", None)

    def problem(self, names: Iterable[str] | None = None) -> str:
        """The first sentence about a text that cannot be read, among `names` or all; empty for none."""
        asked = self.specs if names is None else names
        return next((self.problems[name] for name in asked if name in self.problems), "")
