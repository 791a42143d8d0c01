"""What tests of the augmentation page set and read."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

from dashlab.experiments.augmentation.pipeline import Step, read_steps, write_steps
from tests.app.pages import link

QUICK = {"aug_draws": "2", "aug_preset": "randaugment"}


def with_steps(*steps: Step, **more: str) -> dict[str, str]:
    return {"aug_pipeline": write_steps(steps), "aug_draws": "2", **more}


def names(app: AppTest) -> list[str]:
    """The transforms of the pipeline that the page's address has."""
    return [step.transform for step in steps(app)]


def steps(app: AppTest) -> tuple[Step, ...]:
    text = link(app)["aug_pipeline"]
    return read_steps("" if text == "none" else text)


def pictures(app: AppTest) -> int:
    return len(app.get("image"))
