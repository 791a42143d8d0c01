"""What the training loss of a run is, in words: beside which other losses it may be read."""

from collections.abc import Sequence

from dashlab.settings.run import RunConfig
from dashlab.settings.run_parts import AugmentConfig, LossConfig
from dashlab.training.results import EpochRow, StepRow

Rows = Sequence[StepRow] | Sequence[EpochRow]

_NAMES = {"cross_entropy": "cross-entropy", "mse": "squared error"}


def listed(names: Sequence[str]) -> str:
    """One or more names as a person lists them."""
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]


def held(loss: LossConfig, rows: Rows) -> tuple[str, ...]:
    """What the training loss in these rows holds beside the loss itself: nothing, but in old rows.

    Older versions kept only the loss that is made small, with label smoothing, L1 and L2.
    """
    return loss.added if rows and rows[-1].added_loss is None else ()


def with_words(names: Sequence[str]) -> str:
    """The end of a curve's name: " with L1 and L2", or nothing."""
    return f" with {listed(names)}" if names else ""


def added_words(loss: LossConfig, row: StepRow | EpochRow) -> str:
    """What is made small beside the plain loss, such as "label smoothing adds 0.4120", or nothing."""
    if not loss.added or row.added_loss is None:
        return ""
    return f"{listed(loss.added)} {'add' if len(loss.added) > 1 else 'adds'} {row.added_loss:.4f}"


def words(config: RunConfig, rows: Sequence[StepRow], *, validated: bool) -> str:
    """What stands under the curves of a run: how they were measured, and what else is made small.

    Args:
        config: of the run.
        rows: what it has reported so far.
        validated: whether a validation curve stands beside the training curve.
    """
    sentences = [_ways(config)] if validated else []
    loss = config.loss
    if old := held(loss, rows):
        sentences.append(
            f"An older version kept this run: its training loss also holds {listed(old)}, so it is another "
            "quantity than the validation loss and the losses of newer runs."
        )
    elif rows and (added := added_words(loss, rows[-1])):
        sentences.append(
            f"The loss is plain {_NAMES[loss.loss]}. What training minimises is more: "
            f"{added} (step {rows[-1].step:,})."
        )
    return " ".join(sentences)


def compared_words(runs: Sequence[tuple[LossConfig, Sequence[StepRow]]]) -> str:
    """What stands under the training losses of several runs, if anything must be said of them."""
    terms = dict.fromkeys(term for loss, _ in runs for term in loss.added)
    old = dict.fromkeys(term for loss, rows in runs for term in held(loss, rows))
    if old:
        return (
            f"An older version kept a run whose training loss also holds {listed(list(old))}, as its name "
            "says: that is another quantity than the other losses."
        )
    return f"The losses are without {listed(list(terms))}." if terms else ""


def _ways(config: RunConfig) -> str:
    model = config.model
    ways = [
        *(["on changed pictures"] if config.augment != AugmentConfig() else []),
        *(["with dropout"] if model.dropout and model.is_used("dropout") else []),
        *(["with each batch's own statistics"] if model.batchnorm and model.is_used("batchnorm") else []),
    ]
    train = f", in train mode ({', '.join(ways)})" if ways else ""
    without = ", in eval mode" if ways else ""
    return (
        f"Training: measured on each batch while the network learns{train}. "
        f"Validation: measured after each epoch{without}."
    )
