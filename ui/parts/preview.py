"""What a page shows before anything is trained: pictures of the data set, and the layers of the network."""

import streamlit as st

from dashlab.charts.pictures import mosaic
from dashlab.data.images import IMAGE_SETS, ImageSet
from dashlab.errors import DataError
from dashlab.experiments.trainer.mistakes import samples
from dashlab.settings.run import RunConfig
from dashlab.settings.run_parts import ModelConfig
from dashlab.training.models.inspect import LayerRow
from ui.parts import live, runs
from ui.parts.layout import rest
from ui.parts.text import as_text, show_error

EACH = 6
"""Sample pictures of each class."""
MOST_CLASSES = 24
TILE = 96
"""Width of the samples of one class, in pixels."""


def before_training(config: RunConfig, count: int = 1) -> None:
    """How long it takes, the pictures that the network will learn from, and the network itself.

    `count` runs of this size are to be trained.
    """
    try:
        images = runs.images(config)
    except DataError as error:
        show_error(error)
        return
    st.caption(
        as_text(" ".join((images.origin, *(note for note in images.notes if note not in images.origin))))
    )
    _steps(config, images, count)
    st.header("What it will learn from", anchor=False)
    sample_pictures(images)
    rest()
    st.header("The network", anchor=False)
    network(config, _shape(images), len(images.classes))


def _shape(images: ImageSet) -> tuple[int, int, int]:
    """Channels, height and width of a picture."""
    channels, height, width = images.train_x.shape[1:]
    return channels, height, width


def sample_pictures(images: ImageSet) -> None:
    """The first pictures of every class, class by class."""
    shown = min(len(images.classes), MOST_CLASSES)
    with st.container(horizontal=True, gap="small"):
        for name, sheet in zip(images.classes[:shown], _sheets(images, shown), strict=True):
            with st.container(width=TILE, gap="xxsmall"):
                st.image(sheet, alt=f"Training pictures of the class {name}", width=TILE)
                st.caption(as_text(name))
    if shown < len(images.classes):
        st.caption(f"… and {len(images.classes) - shown} more classes.")


def _sheets(images: ImageSet, classes: int) -> list[bytes]:
    return _drawn_sheets((images.name, images.source, images.fingerprint), classes, images)


@st.cache_data(max_entries=8, show_spinner=False)
def _drawn_sheets(identity: tuple[str, ...], classes: int, _images: ImageSet) -> list[bytes]:  # noqa: ARG001
    chosen = samples(_images.train_y, classes, EACH)
    return [
        mosaic([_images.train_x[index].numpy() for index in indices], columns=3, side=56)
        for indices in chosen
    ]


def network(config: RunConfig, shape: tuple[int, int, int], classes: int) -> None:
    """Every layer with its output shape, parameters and multiply-adds."""
    rows = _layers(config.model, shape, classes)
    parameters = sum(row.parameters for row in rows)
    products = sum(row.multiply_adds for row in rows)
    given = " × ".join(map(str, shape))
    st.caption(
        f"A picture of {given} passes {len(rows)} layers: **{parameters:,} parameters** and {products:,} "
        "multiply-adds."
    )
    st.dataframe(
        [
            {
                "Layer": row.name,
                "Kind": row.kind,
                "Output": " × ".join(map(str, row.output_shape)),
                "Parameters": row.parameters,
                "Multiply-adds": row.multiply_adds,
            }
            for row in rows
        ],
        hide_index=True,
        column_config={
            "Parameters": st.column_config.NumberColumn(format="localized"),
            "Multiply-adds": st.column_config.NumberColumn(
                format="localized", help="Products that are summed up to classify one picture."
            ),
        },
        alt="Layers of the network",
    )


@st.cache_data(max_entries=32, show_spinner=False)
def _layers(model: ModelConfig, shape: tuple[int, int, int], classes: int) -> list[LayerRow]:
    from dashlab.training.models.inspect import layers_of

    return layers_of(model, shape=shape, classes=classes)


def _steps(config: RunConfig, images: ImageSet, count: int = 1) -> None:
    size = config.loop.batch_size
    pictures = min(config.data.train_size or len(images.train_y), len(images.train_y))
    pictures -= round(pictures * config.data.val_fraction)
    # As `batches.Batches`: BatchNorm could not normalise a last batch of a single picture.
    steps = -(-(pictures - (pictures % size == 1 and config.model.batchnorm)) // size)
    most = "at most " if config.loop.patience else ""
    taken = count * _seconds(config.model, _shape(images), len(images.classes), pictures * config.loop.epochs)
    together = f" for the {count} runs together" if count > 1 else ""
    st.caption(
        f"{pictures:,} pictures in batches of {size:,} make {steps:,} step{'s' if steps > 1 else ''} an "
        f"epoch, {most}{steps * config.loop.epochs:,} in all. On one core that is {most}about "
        f"{live.seconds(taken)} of training{together}; more cores or a GPU take less."
    )


def _seconds(model: ModelConfig, shape: tuple[int, int, int], classes: int, pictures: int) -> float:
    from dashlab.training.models.inspect import seconds_to_train

    return seconds_to_train(_layers(model, shape, classes), pictures)


def about(name: str) -> str:
    """One sentence about a data set that has a name of its own."""
    info = IMAGE_SETS.get(name)
    return info.about if info is not None else ""
