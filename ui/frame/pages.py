"""The table of pages: what exists, in the order of the sidebar."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PageInfo:
    """One page; its widgets and its names in a link begin with its prefix."""

    slug: str
    prefix: str
    title: str
    icon: str
    path: str
    about: str


PAGES: tuple[PageInfo, ...] = (
    PageInfo("home", "home", "Home", ":material/home:", "app.py", "What is here, and where to start."),
    PageInfo(
        "optimizers",
        "optim",
        "Optimizer comparison",
        ":material/terrain:",
        "pages/optimizers.py",
        "Race optimizers over loss surfaces and on a network, and take their steps apart.",
    ),
    PageInfo(
        "initialization",
        "init",
        "Initialization",
        ":material/layers:",
        "pages/initialization.py",
        "Follow signals and gradients through a hundred layers, and mend what explodes or vanishes.",
    ),
    PageInfo(
        "batchnorm",
        "bn",
        "BatchNorm against none",
        ":material/align_vertical_center:",
        "pages/batchnorm.py",
        "Train twins that differ in nothing but BatchNorm, and see how far each survives.",
    ),
    PageInfo(
        "augmentation",
        "aug",
        "Augmentation",
        ":material/auto_awesome_motion:",
        "pages/augmentation.py",
        "Build a pipeline of random changes, and see step by step what it makes of a picture.",
    ),
    PageInfo(
        "trainer",
        "train",
        "Trainer",
        ":material/model_training:",
        "pages/trainer.py",
        "Choose data, network and optimizer, watch the network learn, and look at its mistakes.",
    ),
    PageInfo(
        "sketch",
        "sketch",
        "Sketch a digit",
        ":material/draw:",
        "pages/sketch.py",
        "Draw a digit and watch a network that you trained read it, pixel by pixel.",
    ),
)
"""Every page that exists, in the order of the sidebar; nothing else lists them."""
