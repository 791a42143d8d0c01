"""What a run leaves behind, as files."""

import json
import shlex
from collections.abc import Callable
from dataclasses import asdict
from functools import partial

import streamlit as st

from dashlab.errors import DataError
from dashlab.experiments.trainer.mistakes import prediction_rows
from dashlab.experiments.trainer.presets import PRESETS
from dashlab.settings.run import spec_of
from dashlab.store.runs import StoredRun
from ui.parts import runs
from ui.parts.tables import csv_text, download

BYTES = "application/octet-stream"


def tab(run: StoredRun, prefix: str) -> None:
    """Weights, history, predictions and settings, and the command that trains the same network again."""
    result, name = run.result, run.key[:12]
    offers: list[tuple[str, Callable[[], str | bytes], str, str]] = [
        ("History, CSV", partial(history, run), f"history-{name}.csv", "text/csv"),
        ("Settings, JSON", partial(_settings, run), f"config-{name}.json", "application/json"),
    ]
    if result.weights:
        weights = ("Weights, safetensors", partial(_weights, run), f"weights-{name}.safetensors", BYTES)
        offers.insert(0, weights)
    if result.evaluation is not None:
        offers.append(("Predictions, CSV", partial(predictions, run), f"predictions-{name}.csv", "text/csv"))
    with st.container(horizontal=True):
        for label, content, file_name, kind in offers:
            download(label, content, file_name, kind, f"{prefix}_get_{file_name.partition('-')[0]}")
    st.caption(
        "The weights are plain tensors in which no code can hide: `safetensors.torch.load_file` reads them."
    )
    st.markdown("The same run from the command line:")
    st.code(command(run), language="bash", wrap_lines=True)
    st.markdown("What it ran with:")
    st.dataframe(
        [{"": part, "Version or name": value} for part, value in sorted(result.environment.items())],
        hide_index=True,
        alt="Versions and device",
    )


def command(run: StoredRun) -> str:
    """The command that trains the same network again."""
    config = run.result.config
    preset = runs.preset_of(config)
    parts = ["python -m dashlab train", *([f"--preset {preset}"] if preset else [])]
    start = PRESETS[preset].config.without_unused() if preset else type(config)()
    for name, (value, _) in config.differences(start).items():
        if name != "source":
            parts.append(f"--{name.replace('_', '-')} {shlex.quote(spec_of(name).format(value))}")
    return " ".join(parts)


def history(run: StoredRun) -> str:
    """Step rows, then epoch rows, in one table: a row has the columns of its kind."""
    steps = [{"kind": "step", **asdict(row)} for row in run.result.steps]
    epochs = [{"kind": "epoch", **asdict(row)} for row in run.result.epochs]
    columns = dict.fromkeys(name for row in (*steps[:1], *epochs[:1]) for name in row)
    return csv_text([{name: row.get(name, "") for name in columns} for row in (*steps, *epochs)])


def _settings(run: StoredRun) -> str:
    return json.dumps(run.result.config.to_json(), indent=2, ensure_ascii=False)


def _weights(run: StoredRun) -> bytes:
    return runs.store().weights_path(run.key).read_bytes()


def predictions(run: StoredRun) -> str:
    """One row per test picture as CSV; a sentence where the labels can no longer be read."""
    evaluation, classes = run.result.evaluation, run.result.started.classes
    assert evaluation is not None
    try:
        labels = runs.images(run.result.config).test_y
    except DataError as error:
        return str(error)
    return csv_text(prediction_rows(evaluation.probabilities, labels, classes))
