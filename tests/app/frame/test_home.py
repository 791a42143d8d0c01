"""The home page without a browser."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from dashlab import jobs, leftovers
from dashlab.data.folders import own_folder
from dashlab.errors import JobError
from dashlab.experiments.trainer.presets import PRESETS
from dashlab.store.runs import Store
from tests.app.fakes import FakeLab, result
from tests.app.pages import elements, ran
from ui.frame.pages import PAGES

pytestmark = pytest.mark.usefixtures("pictures_at_hand")
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def home(open_app: Callable[..., AppTest]) -> Callable[[], AppTest]:
    """The home page, drawn."""

    def start() -> AppTest:
        return ran(open_app())

    return start


def words(app: AppTest) -> str:
    elements = (*app.markdown, *app.caption, *app.warning, *app.get("page_link"))
    return "\n".join(str(element.value) for element in elements).replace("\\", "")


@pytest.mark.parametrize("page", [page.path for page in PAGES])
def test_every_page_opens_on_a_server_that_has_drawn_nothing_yet(
    open_app: Callable[..., AppTest], page: str
) -> None:
    app = open_app(None if page == "app.py" else page).run()
    assert not app.exception, app.exception
    assert app.title


def test_the_sidebar_lists_every_page_and_every_page_has_a_file(home: Callable[[], AppTest]) -> None:
    labels = [link.value for link in elements(home().sidebar, "page_link")]
    assert labels == [page.title for page in PAGES]
    listed = {page.path for page in PAGES}
    there = {f"pages/{path.name}" for path in (ROOT / "pages").glob("*.py")} | {"app.py"}
    assert listed == there


def test_the_first_page_of_a_server_clears_what_killed_uploads_left(
    home: Callable[[], AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    st.cache_resource.clear()  # as on a server that has drawn nothing yet
    (own_folder() / "pixels").mkdir(parents=True, exist_ok=True)
    parts = [folder / "half.part" for folder in (own_folder(), own_folder() / "pixels")]
    for part in parts:
        part.write_text("half")
    monkeypatch.setattr(leftovers, "age_s", lambda _path: 7200.0)
    home()
    assert not any(part.exists() for part in parts)


def test_the_worker_is_warmed_up_once_a_session(home: Callable[[], AppTest], lab: FakeLab) -> None:
    home().run()
    assert lab.warmed == 1


def test_where_no_process_can_be_started_the_page_stands_and_says_why(
    home: Callable[[], AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise JobError("DASHLAB_CALCULATORS must be a whole number.")

    monkeypatch.setattr(jobs, "warm_up", refuse)
    app = home()
    assert "must be a whole number" in "".join(str(error.value) for error in app.error)
    assert "60,000 to train on" in words(app)


def test_the_bundled_sample_is_called_by_its_name_and_size(home: Callable[[], AppTest]) -> None:
    text = words(home())
    assert "**MNIST** — 60,000 to train on, 10,000 to test: the full set." in text
    assert "**CIFAR-10** — 10,000 to train on, 2,000 to test: the bundled sample." in text


def test_without_runs_the_page_says_what_a_run_will_be(home: Callable[[], AppTest]) -> None:
    assert "None yet." in words(home())


def test_recent_runs_are_listed_with_their_accuracy(home: Callable[[], AppTest]) -> None:
    Store().save(result(PRESETS["s1"].config))
    text = words(home())
    assert PRESETS["s1"].title in text
    assert "92.50 %" in text


def test_a_run_that_was_stopped_is_not_given_an_accuracy(home: Callable[[], AppTest]) -> None:
    Store().save(result(PRESETS["s1"].config, "stopped", "Stopped."))
    assert f"**stopped** · {PRESETS['s1'].title}" in words(home())


def test_a_damaged_run_is_said(home: Callable[[], AppTest]) -> None:
    run = result(PRESETS["s1"].config)
    Store().save(run)
    weights = Store().weights_path(run.config.key())
    weights.write_bytes(weights.read_bytes()[:-5])
    text = words(home())
    assert "was damaged" in text
    assert "92.50 %" not in text


def test_the_device_is_named(home: Callable[[], AppTest]) -> None:
    assert "CPU" in home().sidebar.caption[0].value


def test_the_first_network_is_one_press_away(home: Callable[[], AppTest]) -> None:
    app = home()
    app.button(key="home_train").click().run()
    assert not app.exception, app.exception
    assert app.title[0].value == "Trainer"
    assert app.session_state["train__state"].preset == "mnist-fast"


def test_the_room_that_runs_take_and_what_was_removed_are_said(
    home: Callable[[], AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    Store().save(result(PRESETS["s1"].config))
    monkeypatch.setenv("DASHLAB_LIMIT", "5 GB")
    text = words(home())
    assert (
        " of 5 GB (`DASHLAB_LIMIT`). When that is full, the oldest that are not pinned are removed." in text
    )
    assert "So far" not in text
    (Store().root / "removed").write_bytes(b".")
    assert "So far 1 was removed." in words(home())
    (Store().root / "removed").write_bytes(b"..")
    assert "So far 2 were removed." in words(home())


def test_what_was_damaged_counts_until_it_is_removed(home: Callable[[], AppTest]) -> None:
    for seed in (0, 1):
        run = result(PRESETS["s1"].config.change(seed=seed))
        Store().save(run)
    Store().weights_path(run.config.key()).write_bytes(b"")  # it is looked at when the next list is made
    assert "of it damaged and set aside" in words(home())


def test_a_limit_that_is_no_size_is_said(
    home: Callable[[], AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    Store().save(result(PRESETS["s1"].config))
    monkeypatch.setenv("DASHLAB_LIMIT", "much")
    text = words(home())
    assert "DASHLAB_LIMIT is 'much'" in text
    assert "Until then nothing is removed." in text


def test_a_message_of_damage_is_put_away_by_a_press(home: Callable[[], AppTest]) -> None:
    run = result(PRESETS["s1"].config)
    Store().save(run)
    Store().weights_path(run.config.key()).write_bytes(b"")
    app = home()
    assert "was damaged" in words(app)
    app.button(key="home_dismiss").click().run()
    assert "was damaged" not in words(app)


def test_runs_that_are_not_shown_are_counted(home: Callable[[], AppTest]) -> None:
    for seed in range(8):
        Store().save(result(PRESETS["s1"].config.change(seed=seed)))
    assert "… and 2 more." in words(home())
