"""The trainer's settings: groups, presets, the config that they make."""

from collections.abc import Mapping

import streamlit as st

from dashlab.config import LEAVES, RunConfig
from dashlab.errors import ConfigError
from dashlab.fields import Spec, Value
from dashlab.presets import PRESETS
from ui import controls as widgets
from ui.controls import Group
from ui.page import show_error, show_notes
from ui.state import PageState, arrive, share

PREFIX = "train"
SPECS: dict[str, Spec] = {name: spec for name, (_, spec) in LEAVES.items()}
HOME = "mnist-fast"
GROUPS = (
    Group(
        "Data",
        ":material/photo_library:",
        ("dataset", "path", "side", "grey", "source", "train_size", "val_fraction", "normalize"),
    ),
    Group(
        "Network",
        ":material/hub:",
        (
            "model",
            "hidden",
            "channels",
            "activation",
            "batchnorm",
            "dropout",
            "dropout_layers",
            "init",
            "init_std",
        ),
    ),
    Group(
        "Optimizer",
        ":material/trending_down:",
        (
            "optimizer",
            "lr",
            "momentum",
            "nesterov",
            "dampening",
            "weight_decay",
            "beta1",
            "beta2",
            "eps",
            "alpha",
            "centered",
            "rho",
            "lr_decay",
            "amsgrad",
        ),
    ),
    Group("Schedule", ":material/show_chart:", ("schedule", "step_size", "gamma", "warmup")),
    Group("Loss and regularisation", ":material/balance:", ("loss", "label_smoothing", "l1", "l2")),
    Group(
        "Augmentation",
        ":material/flip:",
        ("flip", "crop_padding", "rotate", "shift", "zoom", "shear", "thickness", "erase"),
    ),
    Group(
        "Run",
        ":material/timer:",
        ("batch_size", "epochs", "patience", "seed", "precision", "compile", "start_from"),
    ),
)


def start(preset: str) -> Mapping[str, Value] | None:
    """All settings of a preset; of `""`, the defaults."""
    if preset == "":
        return RunConfig().flat()
    return PRESETS[preset].config.flat() if preset in PRESETS else None


def controls() -> RunConfig:
    """Draw all settings; the config that they make, without what has no effect."""
    state = arrive(PREFIX, SPECS, start, HOME)
    show_notes(state.notes)
    presets = {name: (preset.title, preset.about) for name, preset in PRESETS.items()}
    widgets.preset_picker(state, presets)
    config_so_far = lambda: RunConfig().change(**state.values)
    widgets.settings(state, GROUPS, is_used=lambda name: config_so_far().is_used(name))
    widgets.changed_from_preset(state, presets)
    share(state)
    return config_so_far().without_unused()
