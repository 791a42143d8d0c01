"""Where the trainer's pictures come from: uploads and fetched sets, without a browser or a network."""

from __future__ import annotations

import io
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from dashlab.errors import DownloadError
from tests.app.fakes import FakeLab, few_pictures
from tests.app.pages import elements, ran, texts
from ui.trainer import own

PAGE = "pages/trainer.py"


def zipped(*classes: str, each: int = 4) -> bytes:
    """A zip of class folders, each with pictures of one shade."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for position, name in enumerate(classes):
            for number in range(each):
                picture = io.BytesIO()
                Image.new("RGB", (20, 20), (60 * position, 10 * number, 99)).save(picture, "PNG")
                archive.writestr(f"{name}/{number}.png", picture.getvalue())
    return out.getvalue()


def open_own(open_app: Callable[..., AppTest]) -> AppTest:
    return ran(open_app(PAGE, train_preset="s16"))


def upload(app: AppTest, name: str, content: bytes) -> AppTest:
    elements(app, "file_uploader")[0].upload(name, content)
    return ran(app)


def test_an_uploaded_zip_is_shown_and_can_be_trained_on(
    open_app: Callable[..., AppTest], lab: FakeLab
) -> None:
    app = upload(open_own(open_app), "coins.zip", zipped("heads", "tails"))
    assert "coins: 8 pictures in 2 classes: heads, tails." in texts(app)
    app.button(key="train_start").click().run()
    assert not app.exception, app.exception
    (config,) = lab.submitted
    assert config.data.path == app.selectbox(key="train_path").value
    assert len(config.data.path) == 64


def test_what_is_odd_about_an_uploaded_zip_is_said(open_app: Callable[..., AppTest]) -> None:
    odd = zipped("heads", "heads/worn", "tails")
    app = upload(open_own(open_app), "coins.zip", odd)
    said = "What lies in folders inside a class is counted as pictures of the class: heads/worn."
    assert said in "".join(info.value for info in app.info).replace("\\", "")


def test_the_pictures_of_an_uploaded_zip_are_shown_before_training(open_app: Callable[..., AppTest]) -> None:
    app = upload(open_own(open_app), "coins.zip", zipped("heads", "tails"))
    assert len(app.get("image")) == 2
    assert "heads" in texts(app)


def test_an_uploaded_set_is_offered_to_the_next_visitor(open_app: Callable[..., AppTest]) -> None:
    upload(open_own(open_app), "coins.zip", zipped("heads", "tails"))
    later = open_own(open_app)
    assert later.selectbox(key="train_path").options == ["coins: 8 pictures"]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"PK but not really", "is not a zip file"),
        (zipped("heads"), "class"),
        (zipped("../heads", "tails"), "leads out of its own folder"),
    ],
)
def test_a_bad_zip_is_refused_with_its_sentence(
    open_app: Callable[..., AppTest], content: bytes, sentence: str
) -> None:
    app = upload(open_own(open_app), "bad.zip", content)
    assert any(sentence in error.value.replace("\\", "") for error in app.error), texts(app)
    assert app.button(key="train_start").disabled


def test_a_link_cannot_name_a_folder_of_this_machine(
    open_app: Callable[..., AppTest], tmp_path: Path
) -> None:
    for name in ("heads", "tails"):
        (tmp_path / name).mkdir()
        Image.new("RGB", (9, 9)).save(tmp_path / name / "1.png")
    app = open_app(PAGE, train_preset="s16", train_path=str(tmp_path)).run()
    assert not app.exception, app.exception
    assert "is not here" in texts(app)
    assert app.button(key="train_start").disabled


@pytest.fixture
def fetches(monkeypatch: pytest.MonkeyPatch) -> None:
    """No downloads but those of this test."""
    monkeypatch.setattr(own, "_fetches", {})
    monkeypatch.setattr("dashlab.training.engine.load", lambda _config: few_pictures())


@pytest.mark.usefixtures("fetches")
def test_the_full_set_is_fetched_only_on_request_and_its_failure_is_said(
    open_app: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    over = threading.Event()

    def fail(name: str, **_more: object) -> None:
        asked.append(name)
        over.set()
        raise DownloadError(
            "Fashion-MNIST could not be fetched (no route); the bundled pictures stay in use."
        )

    monkeypatch.setattr(own, "download", fail)
    app = open_app(PAGE, train_preset="s2").run()
    assert "The bundled sample is in use: 10,000 pictures to train on and 2,000 to test." in texts(app)
    assert asked == []
    app.button(key="train_fetch").click().run()
    assert over.wait(10)
    own.wait_for_fetch()
    app.run()
    assert not app.exception, app.exception
    assert asked == ["fashion"]
    assert "could not be fetched (no route); the bundled pictures stay in use." in texts(app)


@pytest.mark.usefixtures("fetches")
def test_a_download_that_fails_as_nobody_foresaw_ends_as_a_problem_and_in_the_log(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_name: str, **_more: object) -> None:
        raise KeyError("md5")

    monkeypatch.setattr(own, "download", fail)
    own.start_fetch("fashion")
    own.wait_for_fetch()
    assert own.fetching() is None
    assert own._fetches["fashion"].is_over
    assert own._fetches["fashion"].problem.startswith(
        "Fashion-MNIST could not be fetched: an unexpected error"
    )
    assert "KeyError: 'md5'" in caplog.text


@pytest.mark.usefixtures("fetches")
def test_downloads_may_start_while_a_page_asks_which_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """The dictionary of downloads grows in the midst of a look through it."""

    class Slow(dict[str, own.Fetch]):
        def values(self) -> Iterator[own.Fetch]:  # type: ignore[override]
            for value in super().values():
                looks.set()
                started.wait(0.5)
                yield value

    looks, started = threading.Event(), threading.Event()
    monkeypatch.setattr(own, "_fetches", Slow(mnist=own.Fetch("mnist", is_over=True)))
    monkeypatch.setattr(own, "download", lambda _name, **_more: None)

    def start() -> None:
        assert looks.wait(10)
        own.start_fetch("fashion")
        started.set()

    starter = threading.Thread(target=start)
    starter.start()
    own.fetching()
    starter.join()
    own.wait_for_fetch()
    assert set(own._fetches) == {"mnist", "fashion"}


@pytest.mark.usefixtures("fetches")
def test_a_download_shows_its_progress(
    open_app: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    told, over = threading.Event(), threading.Event()

    def slow(_name: str, *, on_progress: Callable[[int, int | None], None]) -> None:
        on_progress(5_000_000, 20_000_000)
        told.set()
        assert over.wait(30)

    monkeypatch.setattr(own, "download", slow)
    app = open_app(PAGE, train_preset="s2").run()
    app.button(key="train_fetch").click().run()
    assert told.wait(10)
    app.run()
    assert app.get("progress")[0].text == "Fetching Fashion-MNIST: 5 of 20 MB"
    assert app.button(key="train_fetch").disabled
    over.set()
    own.wait_for_fetch()


@pytest.mark.usefixtures("fetches")
def test_mnist_which_is_bundled_whole_is_not_offered_for_fetching(open_app: Callable[..., AppTest]) -> None:
    app = open_app(PAGE).run()
    assert "train_fetch" not in {button.key for button in app.button}
