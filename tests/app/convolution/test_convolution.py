"""The page on convolution without a browser: what is set moves what is computed and said."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from dashlab.experiments.convolution.stack_settings import CONV, POOL, StackedLayer
from dashlab.settings.lists import text_of
from tests.app.pages import link, press, ran, texts, view_link

pytestmark = pytest.mark.usefixtures("pictures_at_hand")

PAGE = "pages/convolution.py"
COUNTED = {"source": "ramp", "side": "6", "weights": "sobelx", "row": "2", "column": "2"}


@pytest.fixture
def open_view(open_app: Callable[..., AppTest]) -> Callable[..., AppTest]:
    """Opens one view of the page with settings of that view."""
    return lambda view, **settings: ran(open_app(PAGE, **view_link("conv", view, settings)))


def keys(app: AppTest) -> set[str | None]:
    kinds = (
        app.slider,
        app.select_slider,
        app.number_input,
        app.selectbox,
        app.text_input,
        app.toggle,
        app.checkbox,
    )
    return {one.key for kind in kinds for one in kind}


def test_an_output_is_told_as_the_sum_that_it_is(open_view: Callable[..., AppTest]) -> None:
    app = open_view("layer", **COUNTED)
    assert "The output at row 2, column 2 is 8: the sum of 6 products, and the bias 0." in texts(app)
    (table,) = (frame.value for frame in app.dataframe)
    assert table["product"].sum() == pytest.approx(8)


def test_an_input_is_told_with_the_outputs_that_it_feeds(open_view: Callable[..., AppTest]) -> None:
    app = open_view("layer", **COUNTED, looks="input")
    assert "The input at row 2, column 2, 14, enters 6 outputs." in texts(app)


def test_a_pooling_says_where_the_largest_came_from(open_view: Callable[..., AppTest]) -> None:
    app = open_view("layer", source="ramp", side="6", layer="maxpool", kernel="2", stride="2", padding="0",
                    row="1", column="1")  # fmt: skip
    assert "The output at row 1, column 1 is 21, taken from row 3, column 3 of the picture." in texts(app)


def test_the_size_stands_beside_its_formula_with_numbers(open_view: Callable[..., AppTest]) -> None:
    app = open_view("layer", stride="2", side="64")
    assert any("= 32" in latex.value for latex in app.latex)
    app = ran(app.select_slider(key="conv_layer_stride").set_value(3))
    assert any("= 22" in latex.value for latex in app.latex)
    assert link(app)["conv_layer_stride"] == "3"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"layer": "maxpool", "padding": "2"}, "at most half of its kernel"),
        ({"layer": "transposed", "output_padding": "3"}, "smaller than the stride or the dilation"),
        ({"kernel": "11", "padding": "0", "side": "8"}, "Nothing comes out"),
        ({"weights": "own", "own": "1 2; 3 4"}, "write 3 rows of 3 numbers"),
    ],
)
def test_what_torch_would_refuse_is_a_sentence_and_the_controls_stay(
    settings: dict[str, str], words: str, open_view: Callable[..., AppTest]
) -> None:
    app = open_view("layer", **settings)
    assert words in texts(app)
    assert "conv_layer_layer" in keys(app)


def test_only_what_a_layer_has_is_asked_for(open_view: Callable[..., AppTest]) -> None:
    assert "conv_layer_output_size" in keys(open_view("layer", layer="adaptivemax"))
    assert "conv_layer_output_size" not in keys(open_view("layer"))


def test_the_field_grows_with_the_layer(open_view: Callable[..., AppTest]) -> None:
    app = open_view("field", layers=text_of((CONV, POOL, CONV)), up_to="1")
    assert "After 1 layer one output sees 3 × 3 pixels" in texts(app)
    app = ran(app.select_slider(key="conv_field_up_to").set_value(3))
    assert "After 3 layers one output sees 8 × 8 pixels" in texts(app)
    assert link(app)["conv_field_up_to"] == "3"


def test_a_stack_that_cannot_be_names_its_layer(open_view: Callable[..., AppTest]) -> None:
    last = StackedLayer(kernel=11, padding=0)
    app = open_view("field", layers=text_of((POOL, POOL, POOL, last)), side="32")
    assert "Layer 4 (Conv 11 × 11) has a window of 11 pixels" in texts(app)
    assert "conv_field_side" in keys(app)


def test_layers_are_added_up_to_eight(open_view: Callable[..., AppTest]) -> None:
    app = open_view("field", layers=text_of((CONV,) * 7))
    app = press(app, "conv_field_layers_add")
    assert len(link(app)["conv_field_layers"].split("~~")) == 8
    assert app.button(key="conv_field_layers_add").disabled
