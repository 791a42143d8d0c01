"""What the trainer shows of a finished run besides its figures: mistakes, comparison, files."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from dashlab.store.runs import Store
from tests.app.fakes import few_pictures, result
from tests.app.pages import elements, texts
from tests.app.trainer.trained import FAST, open_tab

PAGE = "pages/trainer.py"
pytestmark = pytest.mark.usefixtures("pictures_at_hand")


# Mistakes


def test_the_most_frequent_mistake_is_chosen_first(open_page: Callable[..., AppTest]) -> None:
    Store().save(result(FAST))
    app = open_page()
    assert (app.selectbox(key="train_true").value, app.selectbox(key="train_read").value) == (4, 9)
    assert "**3** of 4 pictures of *4* were predicted as *9*." in texts(app)


def test_choosing_a_cell_by_its_classes_shows_its_pictures(open_page: Callable[..., AppTest]) -> None:
    Store().save(result(FAST))
    app = open_page()
    app.selectbox(key="train_read").set_value(4).run()
    assert "**1** of 4 pictures of *4* were predicted as *4*: correctly." in texts(app)
    assert len(app.get("image")) == 1


def test_an_empty_cell_says_so_and_shows_no_picture(open_page: Callable[..., AppTest]) -> None:
    Store().save(result(FAST))
    app = open_page()
    app.selectbox(key="train_true").set_value(0).run()
    assert "**0** of 4 pictures of *0* were predicted as *9*." in texts(app)
    assert not app.get("image")


def test_the_worst_mistakes_come_with_the_networks_probabilities(open_page: Callable[..., AppTest]) -> None:
    Store().save(result(FAST))
    app = open_page()
    app.session_state["train_tabs"] = "Worst mistakes"
    app.run()
    assert "classifies **3** of 40 test pictures wrongly" in texts(app)
    assert elements(app, "progress")[0].text == "**9** · 91.0 %"


def test_pictures_that_changed_since_are_not_shown_as_mistakes(
    open_page: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    Store().save(result(FAST))
    monkeypatch.setattr("dashlab.training.engine.load", lambda _config: few_pictures(test_count=20))
    assert "The pictures have changed since this run" in texts(open_page())


# Other tabs


def test_another_run_is_compared_by_what_differs(open_page: Callable[..., AppTest]) -> None:
    Store().save(result(FAST.change(lr=0.05), wrong=1))
    Store().save(result(FAST))
    app = open_tab(open_page(), "Compare")
    (table,) = (frame.value for frame in app.dataframe)
    assert list(table["Learning rate"]) == ["0.4", "0.05"]
    assert list(table["Test accuracy in %"]) == [92.5, 97.5]


def test_a_first_run_has_nothing_to_be_compared_with(open_page: Callable[..., AppTest]) -> None:
    Store().save(result(FAST))
    assert "only cached run so far" in texts(open_tab(open_page(), "Compare"))


def test_weights_history_settings_and_predictions_can_be_downloaded(
    open_page: Callable[..., AppTest],
) -> None:
    Store().save(result(FAST))
    app = open_tab(open_page(), "Downloads")
    labels = [button.label for button in elements(app, "download_button")]
    assert labels == ["Weights, safetensors", "History, CSV", "Settings, JSON", "Predictions, CSV"]
    assert app.code[-1].value == "python -m dashlab train --preset mnist-fast"


def test_a_diverged_run_offers_no_weights(open_page: Callable[..., AppTest]) -> None:
    Store().save(result(FAST, "diverged", "Diverged: at step 7."))
    app = open_tab(open_page(), "Downloads")
    assert [button.label for button in elements(app, "download_button")] == ["History, CSV", "Settings, JSON"]


def test_the_layers_of_the_network_are_listed(open_page: Callable[..., AppTest]) -> None:
    Store().save(result(FAST))
    (table,) = (frame.value for frame in open_tab(open_page(), "Network").dataframe)
    layer = ["Linear", "BatchNorm1d", "ReLU"]
    assert list(table["Kind"]) == ["Flatten", *layer, *layer, "Linear"]
