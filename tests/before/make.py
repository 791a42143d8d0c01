"""What dashlab's version at commit 4fa65f5 keeps and shows, made with its own code.

    git worktree add ../old 4fa65f5
    cd ../old && PYTHONPATH=. python ../dashlab/tests/before/make.py ../dashlab/tests/before

trains a few small runs and studies of every kind, opens links to every page and view, and writes

    kept.zip    the folders of runs and of own pictures, as that version wrote them
    told.json   the settings of each; of each link the settings and the numbers that it showed; all presets

The modules are named and not imported, for they stand elsewhere by now.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

OWN: dict[str, Any] = {
    "dataset": "own",
    "side": 16,
    "grey": True,
    "epochs": 2,
    "batch_size": 8,
    "hidden": (6,),
}
FASHION = {"dataset": "fashion", "train_size": 200, "epochs": 1, "hidden": (4,)}
MNIST = {"dataset": "mnist", "train_size": 200, "epochs": 1, "hidden": (4,)}
RUNS: dict[str, dict[str, Any]] = {
    "own augmentation and schedule": OWN
    | {"flip": True, "crop_padding": 1, "rotate": 10.0, "shift": 1.0, "zoom": 0.1, "erase": 4}
    | {"optimizer": "adam", "lr": 0.01, "weight_decay": 0.001, "schedule": "step", "step_size": 1}
    | {"val_fraction": 0.2, "label_smoothing": 0.1, "l1": 1e-4, "l2": 1e-3, "dropout": 0.1},
    "own convolutions": OWN
    | {"model": "cnn", "channels": (2,), "hidden": (4,), "epochs": 1, "batchnorm": True}
    | {"optimizer": "adadelta", "lr": 1.0, "rho": 0.95},
    "fashion with warm-up": FASHION | {"schedule": "one_cycle", "warmup": 0.1, "momentum": 0.9},
    "a rate far too large": OWN
    | {"lr": 100.0, "momentum": 0.99, "activation": "gelu", "hidden": (6, 6, 6), "epochs": 40},
    "stopped": MNIST | {"train_size": 0, "epochs": 400, "batch_size": 16},
}
"""Runs by what is peculiar to them, with what differs from the defaults."""
TOGETHER: tuple[dict[str, Any], ...] = (
    {"lr": 0.1},
    {"optimizer": "adam", "lr": 0.01},
    {"optimizer": "adagrad", "lr": 0.02},
)
"""Optimizers of the runs that are trained as one, on the same own pictures."""
TWINS = {"points": 100, "hidden": (8, 6), "epochs": 6}
STUDIES: dict[str, tuple[str, dict[str, Any]]] = {
    "twins": ("dashlab.experiments.twins:TwinsConfig", TWINS),
    "twins on digits": (
        "dashlab.experiments.twins:TwinsConfig",
        {"dataset": "mnist", "train_size": 200, "hidden": (6,), "epochs": 1, "batch_size": 100},
    ),
    "rates": (
        "dashlab.experiments.twins_sweeps:RateSweep",
        {"points": 100, "hidden": (8,), "count": 3, "epochs": 4, "order": "after"},
    ),
    "batch sizes": (
        "dashlab.experiments.twins_sweeps:BatchSweep",
        {"points": 100, "hidden": (8,), "largest": 8, "steps": 20, "momentum": 0.5},
    ),
    "which ones learn": (
        "dashlab.experiments.stack_training:StackTraining",
        {"settings": "initializer~orthogonal~activation~tanh~~std~10.0", "depth": 2, "width": 16}
        | {"steps": 20, "optimizer": "adam", "lr": 0.001},
    ),
}
"""Studies: the class as that version had it, and what differs from its defaults."""
RACERS = (
    "lr~0.01~momentum~0.8~~optimizer~adam~lr~0.1~~optimizer~rprop~lr~0.05"
    "~~optimizer~adamw~lr~0.1~~optimizer~adadelta~lr~1.0~~optimizer~adagrad~lr~0.5~~optimizer~lbfgs~lr~0.1"
)
"""Of some optimizers it has another default by now: no weight decay, an ε of 1e-8, the last 10 steps."""
STEPS = "transform~RandomRotation~degrees~-30,30~~transform~ToImage"
LINKS: dict[str, tuple[str, dict[str, str]]] = {
    "surface": (
        "optimizers",
        {"optim_surface_surface": "himmelblau", "optim_surface_x": "-1.5", "optim_surface_steps": "80"}
        | {"optim_surface_racers": RACERS, "optim_surface_noise": "0.5", "optim_surface_seed": "7"},
    ),
    "surface, from a preset": (
        "optimizers",
        {"optim_preset": "rosenbrock", "optim_surface_y": "2.5", "optim_surface_detail": "state"},
    ),
    "linear race": (
        "optimizers",
        {"optim_view": "net", "optim_net_task": "linear", "optim_net_passes": "3", "optim_net_seed": "4"}
        | {"optim_net_racers": "lr~0.02~~lr~0.01~momentum~0.9"},
    ),
    "momentum plane": (
        "optimizers",
        {"optim_view": "plane", "optim_plane_condition": "50.0", "optim_plane_lr": "1.5"}
        | {"optim_plane_momentum": "0.6", "optim_plane_nesterov": "on"},
    ),
    "batch sizes": (
        "optimizers",
        {"optim_view": "batches", "optim_batches_samples": "60", "optim_batches_epochs": "20"}
        | {"optim_batches_batches": "10-5", "optim_batches_shuffle": "once", "optim_batches_seed": "3"},
    ),
    "moving average": (
        "optimizers",
        {"optim_view": "ema", "optim_ema_beta": "0.95", "optim_ema_series": "jump", "optim_ema_at": "33"},
    ),
    "signals": (
        "initialization",
        {"init_stack_depth": "12", "init_stack_width": "32", "init_stack_seed": "5", "init_stack_layer": "3"}
        | {"init_stack_settings": "activation~relu~~initializer~orthogonal~activation~tanh"},
    ),
    "gain": (
        "initialization",
        {"init_view": "gain", "init_gain_activation": "gelu", "init_gain_std": "2.0"}
        | {"init_gain_samples": "5000"},
    ),
    "which ones learn": (
        "initialization",
        {"init_view": "learn", "init_learn_settings": "initializer~orthogonal~activation~tanh~~std~10.0"}
        | {"init_learn_depth": "2", "init_learn_width": "16", "init_learn_steps": "20"}
        | {"init_learn_optimizer": "adam", "init_learn_lr": "0.001"},
    ),
    "twins": (
        "batchnorm",
        {"bn_twins_points": "100", "bn_twins_hidden": "8-6", "bn_twins_epochs": "6", "bn_twins_at": "4"}
        | {"bn_twins_pane": "statistics", "bn_twins_layer": "1"},
    ),
    "rates": (
        "batchnorm",
        {"bn_view": "rates", "bn_rates_points": "100", "bn_rates_hidden": "8", "bn_rates_count": "3"}
        | {"bn_rates_epochs": "4", "bn_rates_order": "after"},
    ),
    "twins over batch sizes": (
        "batchnorm",
        {"bn_view": "batches", "bn_batches_points": "100", "bn_batches_hidden": "8"}
        | {"bn_batches_largest": "8", "bn_batches_steps": "20", "bn_batches_momentum": "0.5"},
    ),
    "augmentation": (
        "augmentation",
        {"aug_photo": "coffee", "aug_seed": "11", "aug_draws": "3", "aug_draw": "2", "aug_pipeline": STEPS},
    ),
    "trainer": (
        "trainer",
        {"train_preset": "s1", "train_dataset": "fashion", "train_train_size": "200", "train_epochs": "1"}
        | {"train_hidden": "4", "train_schedule": "one_cycle", "train_warmup": "0.1"}
        | {"train_momentum": "0.9"},
    ),
    "trainer, without a preset": (
        "trainer",
        {"train_optimizer": "adamw", "train_lr": "0.003", "train_hidden": "32-16", "train_batchnorm": "on"},
    ),
    "sketch": ("sketch", {"sketch_pen": "12", "sketch_map": "sensitivity", "sketch_about": "3"}),
}
"""Links by what they show: the page, and the query of its address."""


def named(name: str) -> Any:
    """What "module:name" names."""
    module, _, thing = name.partition(":")
    return getattr(import_module(module), thing)


def draw_own(folder: Path) -> None:
    """Two classes of tiny pictures: a bright bar on the left, and one on the right."""
    import numpy as np
    from PIL import Image

    dice = np.random.default_rng(0)
    for name, columns in (("left", slice(1, 6)), ("right", slice(10, 15))):
        (folder / name).mkdir(parents=True)
        for number in range(20):
            pixels = dice.integers(0, 60, (16, 16), dtype=np.uint8)
            pixels[:, columns] += 150
            Image.fromarray(pixels).save(folder / name / f"{number}.png")


def train(work: Path) -> dict[str, Any]:
    """Train every run and study in workers, as pages do; their settings, and how runs ended."""
    jobs, run_config = import_module("dashlab.jobs"), named("dashlab.config:RunConfig")
    draw_own(work / "pictures")
    own = named("dashlab.data.own:adopt")(work / "pictures", title="Bars", side=16, grey=True).name
    told: dict[str, Any] = {"runs": {}, "studies": {}, "own": own}
    configs = {}
    for name, settings in RUNS.items():
        more: dict[str, Any] = {"path": own} if settings["dataset"] == "own" else {}
        configs[name] = run_config().change(**settings, **more).check()
    for at, optimizer in enumerate(TOGETHER):
        configs[f"together {at}"] = run_config().change(**OWN, path=own, **optimizer).check()
    together = [config for name, config in configs.items() if name.startswith("together")]
    jobs.wait(jobs.submit(named("dashlab.experiments.network_race:StackedRuns").of(together)))
    for name, config in configs.items():
        key = jobs.submit(config)
        if name == "stopped":
            while not jobs.progress(key).epochs:
                jobs.wait(key, 0.1)
            jobs.stop(key)
        progress = jobs.wait(key)
        told["runs"][name] = {"key": key, "config": config.to_json(), "state": progress.state.value}
    for name, (kind, settings) in STUDIES.items():
        study = named(kind)().change(**settings).check()
        progress = jobs.wait(jobs.submit(study))
        assert progress.state.value == "finished", progress
        told["studies"][name] = {"key": study.key(), "kind": kind, "config": study.to_json()}
    return told


def look(links: Mapping[str, tuple[str, dict[str, str]]]) -> dict[str, Any]:
    """Open each link: every setting that it brings, as a link spells it, and every number that it shows."""
    from streamlit.testing.v1 import AppTest

    told = {}
    for name, (page, query) in links.items():
        app = AppTest.from_file(str(Path("app.py").resolve()), default_timeout=120)
        for key, value in query.items():
            app.query_params[key] = value
        app = app.switch_page(f"pages/{page}.py").run()
        assert not app.exception, app.exception
        state = next(app.session_state[key] for key in PREFIXES[page] if key in app.session_state)
        assert not state.notes, state.notes
        settings = {setting: state.specs[setting].format(value) for setting, value in state.values.items()}
        told[name] = {"page": page, "query": query, "settings": settings, **shown(app)}
    return told


PREFIXES = {
    page: [f"{prefix}__state"]
    for page, prefix in (
        *(("optimizers", "optim"), ("initialization", "init"), ("batchnorm", "bn")),
        *(("augmentation", "aug"), ("trainer", "train"), ("sketch", "sketch")),
    )
}


def presets() -> dict[str, dict[str, dict[str, str]]]:
    """What every preset sets, as a link spells it, where that differs from the page's defaults."""
    views = import_module("ui.views")
    pages: dict[str, tuple[Any, Callable[[str], Any]]] = {}
    names: dict[str, list[str]] = {}
    for prefix, module in (("optim", "ui.optimizers"), ("init", "ui.initialization"), ("bn", "ui.batchnorm")):
        own = import_module(module).VIEWS
        pages[prefix] = (views._specs(own), partial(views._start, own))
        names[prefix] = [name for view in own for name in view.presets]
    for prefix, module in (("aug", "ui.augmentation"), ("train", "ui.training")):
        page = import_module(module)
        pages[prefix] = (page.SPECS, page.start)
    names["aug"] = list(named("ui.augmentation_presets:presets")())
    names["train"] = list(named("dashlab.presets:PRESETS"))
    told: dict[str, dict[str, dict[str, str]]] = {}
    for prefix, (specs, start) in pages.items():
        usual = start("")
        told[prefix] = {
            preset: {name: specs[name].format(v) for name, v in start(preset).items() if v != usual[name]}
            for preset in names[prefix]
        }
    return told


def shown(app: Any) -> dict[str, Any]:
    """The numbers on a page: its metrics, and of its tables, column by column, the rows at both ends."""
    return {
        "metrics": [[metric.label, metric.value] for metric in app.metric],
        "tables": [
            {str(column): ends([str(value) for value in frame.value[column]]) for column in frame.value}
            for frame in app.dataframe
        ],
    }


def ends(column: list[str]) -> list[str]:
    """The whole of a short column, both ends of a long one."""
    return column if len(column) <= 8 else [*column[:4], *column[-4:]]


def pack(work: Path, file: Path) -> None:
    """Everything that was kept, as one zip."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
        for path in sorted(work.rglob("*")):
            if path.is_file() and path.relative_to(work).parts[0] in ("store", "own"):
                packed.write(path, path.relative_to(work))


def main(folder: Path) -> None:
    """Make both files in `folder`."""
    with tempfile.TemporaryDirectory() as made:
        work = Path(made)
        for variable, name in {"STORE": "store", "OWN": "own", "DATA": "data"}.items():
            os.environ[f"DASHLAB_{variable}"] = str(work / name)
        try:
            told = train(work)
        finally:
            import_module("dashlab.jobs").shutdown()
        key = told["runs"]["fashion with warm-up"]["key"]
        stroke = named("dashlab.experiments.ink:Stroke")(12, ((60, 60), (200, 60), (110, 220)))
        ink: Callable[[Any], str] = named("dashlab.experiments.ink:encode")
        page, query = LINKS["sketch"]
        sketch = (page, query | {"sketch_ink": ink((stroke,)), "sketch_runs": key})
        told["presets"] = presets()
        told["links"] = look(LINKS | {"sketch": sketch})
        pack(work, folder / "kept.zip")
    (folder / "told.json").write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
