"""The table of pages and views: what exists, in the order of the sidebar and of the switch between views."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PageInfo:
    """One page; its widgets and its names in a link begin with its prefix.

    Attributes:
        slug: the word of its topic.
        prefix: of its widgets and of its names in a link.
        title: in the sidebar.
        icon: before the title.
        path: of the file that Streamlit runs.
        about: what there is to do, in a sentence.
        views: where each of its views stands, as `module:NAME`; imported when the page is first drawn.
        home: the preset that stands there before anything is touched; empty for the defaults.
        heading: the title on the page itself, where that is a longer one.
    """

    slug: str
    prefix: str
    title: str
    icon: str
    path: str
    about: str
    views: tuple[str, ...] = ()
    home: str = ""
    heading: str = ""


PAGES: tuple[PageInfo, ...] = (
    PageInfo(
        "home",
        "home",
        "Home",
        ":material/home:",
        "app.py",
        "What is here, and where to start.",
        heading="dashlab",
    ),
    PageInfo(
        "descent",
        "descent",
        "Gradient descent",
        ":material/trending_down:",
        "pages/descent.py",
        "Watch a line and a boundary being fitted, step by step, beside the loss that leads them.",
        (
            "ui.descent.line:VIEW",
            "ui.descent.classes:VIEW",
            "ui.descent.ten_classes:VIEW",
            "ui.descent.backprop:VIEW",
        ),
        home="s12",
        heading="Gradient descent and regression",
    ),
    PageInfo(
        "optimizers",
        "optim",
        "Optimizer comparison",
        ":material/terrain:",
        "pages/optimizers.py",
        "Race optimizers over loss surfaces and on a network, and take their steps apart.",
        (
            "ui.optimizers.surface:VIEW",
            "ui.optimizers.network:VIEW",
            "ui.optimizers.plane:VIEW",
            "ui.optimizers.batches:VIEW",
            "ui.optimizers.average:VIEW",
        ),
    ),
    PageInfo(
        "initialization",
        "init",
        "Initialization",
        ":material/layers:",
        "pages/initialization.py",
        "Follow signals and gradients through a hundred layers, and mend what explodes or vanishes.",
        (
            "ui.initialization.signals:VIEW",
            "ui.initialization.gain:VIEW",
            "ui.initialization.training:VIEW",
        ),
        heading="Initialization and exploding gradients",
    ),
    PageInfo(
        "activations",
        "act",
        "Activations",
        ":material/show_chart:",
        "pages/activations.py",
        "See where activations let a gradient through, what layers make of a signal, and which units die.",
        (
            "ui.activations.curves:VIEW",
            "ui.activations.layers:VIEW",
            "ui.activations.units:VIEW",
            "ui.activations.softmax:VIEW",
        ),
    ),
    PageInfo(
        "batchnorm",
        "bn",
        "BatchNorm against none",
        ":material/align_vertical_center:",
        "pages/batchnorm.py",
        "Train twins that differ in nothing but BatchNorm, and see how far each survives.",
        (
            "ui.batchnorm.twins:VIEW",
            "ui.batchnorm.sweeps:RATES",
            "ui.batchnorm.sweeps:BATCHES",
        ),
        home="s7",
    ),
    PageInfo(
        "fitting",
        "fit",
        "Over- and underfitting",
        ":material/timeline:",
        "pages/fitting.py",
        "Fit too little and too much, measure bias and variance, and try every cure alone and together.",
        (
            "ui.fitting.curve:VIEW",
            "ui.fitting.features:VIEW",
            "ui.fitting.network:VIEW",
            "ui.fitting.dropout:VIEW",
            "ui.fitting.votes:VIEW",
            "ui.fitting.series:VIEW",
        ),
    ),
    PageInfo(
        "convolution",
        "conv",
        "Convolution",
        ":material/grid_view:",
        "pages/convolution.py",
        "Slide real layers over a picture, pixel by pixel, and see how far a deep one looks.",
        ("ui.convolution.layer:VIEW", "ui.convolution.field:VIEW"),
        heading="Convolution and pooling",
    ),
    PageInfo(
        "augmentation",
        "aug",
        "Augmentation",
        ":material/auto_awesome_motion:",
        "pages/augmentation.py",
        "Build a pipeline of random changes, and see step by step what it makes of a picture.",
        ("ui.augmentation.page:VIEW",),
        home="classic",
    ),
    PageInfo(
        "trainer",
        "train",
        "Trainer",
        ":material/model_training:",
        "pages/trainer.py",
        "Choose data, network and optimizer, watch the network learn, and look at its mistakes.",
        ("ui.trainer.page:VIEW",),
        home="mnist-fast",
    ),
    PageInfo(
        "sketch",
        "sketch",
        "Sketch a digit",
        ":material/draw:",
        "pages/sketch.py",
        "Draw a digit and watch a network that you trained read it, pixel by pixel.",
        ("ui.sketch.page:VIEW",),
    ),
)
"""Every page that exists, in the order of the sidebar; nothing else lists them."""


def page_of(slug: str) -> PageInfo:
    """The page of this word; there must be one."""
    return next(page for page in PAGES if page.slug == slug)
