"""Train one network in this process."""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dashlab.errors import ConfigError
from dashlab.experiments.trainer.presets import PRESETS, preset
from dashlab.settings.fields import Spec
from dashlab.settings.run import LEAVES, PARTS, RunConfig, spec_of
from dashlab.training.losses import added_words
from dashlab.training.results import EpochRow, Result, Row, Started, StepRow


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """One option for each setting of a run, and those of the command itself."""
    parser.add_argument(
        "--preset", default="", metavar="NAME", help=f"start from a preset: {', '.join(PRESETS)}"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON line per epoch and a last one")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, mps (default: auto)")
    parser.add_argument("--threads", type=int, default=0, help="CPU threads of torch (default: one per core)")
    parser.add_argument("--no-save", action="store_true", help="do not keep the run among the cached ones")
    groups = {
        part: parser.add_argument_group(part, (kind.__doc__ or "").partition("\n")[0])
        for part, kind in PARTS.items()
    }
    for name, (part, spec) in LEAVES.items():
        groups[part].add_argument(
            _option(name), dest=f"set_{name}", metavar=_metavar(spec), help=_help(name, spec)
        )


def run(arguments: argparse.Namespace) -> int:
    """Train as the command line says; the exit status is 0, or 2 for a run that diverged.

    Raises:
        ConfigError: a setting or the number of threads is unsound; see also `config_from`.
    """
    config = config_from(arguments)
    import torch

    from dashlab.training.engine import resolved, train

    if arguments.threads < 0:
        raise ConfigError(f"--threads must be at least 1, or 0 for one per core; it is {arguments.threads}.")
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    config = resolved(_named_by_content(config))
    with _json_lines() if arguments.json else _progress_bar(config) as on_row:
        result = train(config, device=arguments.device, on_row=on_row, start_weights=_start_weights(config))
    sys.stdout.write((json.dumps(summary(result)) if arguments.json else _sentence(result)) + "\n")
    sys.stdout.flush()
    if not arguments.no_save:  # after the figures are out, should the disk be full
        _save(result)
    return 2 if result.state == "diverged" else 0


def config_from(arguments: argparse.Namespace) -> RunConfig:
    """The preset's config with the settings that were given.

    Raises:
        ConfigError: there is no such preset, a value cannot be read or is unsound, or a setting that was
            given has no effect. Those of the preset that lost their effect go back to their default.
    """
    config = preset(arguments.preset).config if arguments.preset else RunConfig()
    texts = {name: getattr(arguments, f"set_{name}") for name in LEAVES}
    given = {name: spec_of(name).parse(text) for name, text in texts.items() if text is not None}
    return config.change(**given).without_unused().change(**given).check()


def _named_by_content(config: RunConfig) -> RunConfig:
    """Keep own pictures given by a path, so that the run's key follows the pictures and not the path."""
    if config.data.dataset != "own":
        return config
    from dashlab.data.images import adopt, find_own

    if (known := find_own(config.data.path)) is not None:
        return config.change(path=known)
    adopted = adopt(Path(config.data.path), side=config.data.side, grey=config.data.grey)
    return config.change(path=adopted.name)


def summary(result: Result) -> dict[str, Any]:
    """The last JSON line of a run."""
    evaluation, seconds = result.evaluation, result.seconds
    return {
        "state": result.state,
        "note": result.note,
        "test_accuracy": evaluation.accuracy if evaluation else None,
        "largest_class_accuracy": evaluation.largest_class()[1] if evaluation else None,
        "test_loss": evaluation.loss if evaluation else None,
        "seconds": {"load": seconds.load, "train": seconds.train, "evaluate": seconds.evaluate},
        "data": result.started.pictures(result.config),
        "parameters": result.started.parameters,
        "environment": result.environment,
        "key": result.config.key(),
    }


def _start_weights(config: RunConfig) -> Any:
    if not config.loop.start_from:
        return None
    from dashlab.store.runs import Store

    key = config.loop.start_from
    run = Store().load(key)
    if run is None:
        raise ConfigError(f"There is no cached run {key}: `python -m dashlab runs` lists them.")
    return run.result.weights


def _save(result: Result) -> None:
    from dashlab.store.runs import Store

    Store().save(result)


@contextmanager
def _json_lines() -> Iterator[Callable[[Row], None]]:
    def on_row(row: Row) -> None:
        if isinstance(row, EpochRow):
            sys.stdout.write(json.dumps({field: getattr(row, field) for field in EpochRow.__slots__}) + "\n")
            sys.stdout.flush()

    yield on_row


@contextmanager
def _progress_bar(config: RunConfig) -> Iterator[Callable[[Row], None]]:
    from tqdm import tqdm

    # disable=None: no bar where nobody watches, as in a log file.
    with tqdm(unit="step", dynamic_ncols=True, disable=None) as bar:

        def on_row(row: Row) -> None:
            match row:
                case Started():
                    bar.reset(row.steps)
                    bar.write(f"{row.pictures(config)} {row.parameters:,} parameters on {row.device}.")
                case StepRow():
                    bar.set_postfix(loss=f"{row.loss:.4f}", lr=f"{row.lr:.3g}", refresh=False)
                    bar.update(row.step - bar.n)
                case EpochRow():
                    bar.write(_epoch_sentence(row, config))

        yield on_row


def _epoch_sentence(row: EpochRow, config: RunConfig) -> str:
    added = f" ({words})" if (words := added_words(config.loss, row)) else ""
    text = f"epoch {row.epoch}: training loss {row.train_loss:.4f}{added}, accuracy {row.train_accuracy:.2%}"
    if row.val_loss is not None and row.val_accuracy is not None:
        text += f"; validation loss {row.val_loss:.4f}, accuracy {row.val_accuracy:.2%}"
    return text


def _sentence(result: Result) -> str:
    seconds = result.seconds
    spent = f"load {seconds.load:.1f} s, train {seconds.train:.1f} s, evaluate {seconds.evaluate:.1f} s"
    said = [*_accuracy_words(result), *([result.note] if result.note else [])]
    return " ".join([*said, f"({spent}; key {result.config.key()[:12]})"])


def _accuracy_words(result: Result) -> list[str]:
    """The test accuracy beside that of the largest class, and what helps where it is not above it."""
    if (evaluation := result.evaluation) is None:
        return []
    classes = result.started.classes
    largest, share = evaluation.largest_class()
    beside = f"always predicting {classes[largest]} gives {share:.2%}"
    if words := evaluation.guessing_words(classes):
        return [f"Test accuracy {evaluation.accuracy:.2%}.", words]
    return [f"Test accuracy {evaluation.accuracy:.2%}; {beside}."]


def _option(name: str) -> str:
    return "--" + name.replace("_", "-")


def _metavar(spec: Spec) -> str:
    return {
        "flag": "on|off",
        "choice": "NAME",
        "sizes": "N-N-N",
        "text": "TEXT",
        "integer": "N",
        "number": "X",
    }[spec.kind]


def _help(name: str, spec: Spec) -> str:
    choices = f" One of {', '.join(spec.choices)}." if spec.choices else ""
    default = spec.format(RunConfig().flat()[name]) or "empty"
    if spec.default_by is not None:
        default += "".join(f"; {choice} {spec.format(own)}" for choice, own in spec.default_by[1].items())
    return f"{spec.help}{choices} (default: {default})".replace("%", "%%")
