"""What tests of the trainer train."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

from dashlab.experiments.trainer.presets import PRESETS

FAST = PRESETS["mnist-fast"].config


def open_tab(app: AppTest, name: str) -> AppTest:
    app.session_state["train_tabs"] = name
    app.run()
    assert not app.exception, app.exception
    return app
