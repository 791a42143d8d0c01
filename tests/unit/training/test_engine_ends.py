"""The ways in which a run ends, its precision, what it starts from and what it refuses."""

import math
from pathlib import Path

import pytest
import torch
from PIL import Image

from dashlab.errors import ConfigError, WeightsError
from dashlab.settings.run import RunConfig
from dashlab.training import engine
from dashlab.training import precision as precision_module
from dashlab.training import recorder as recorder_module
from dashlab.training.batches import split
from dashlab.training.device import has_bf16_units
from dashlab.training.engine import resolved, train
from dashlab.training.evaluate import logits_of, loss_and_accuracy
from dashlab.training.models import build
from dashlab.training.results import Row, StepRow
from dashlab.training.speedtest import Timing
from dashlab.training.weights import put_weights
from tests.typed import there
from tests.unit.pictures import made_up
from tests.unit.training.runs import DIVERGING, MLP, NOISY, close, run, same, stop_after

# -- stopping ----------------------------------------------------------------------------------------------


def test_a_stopped_run_is_marked_stopped_and_keeps_its_rows_and_weights() -> None:
    result = run(MLP, should_stop=stop_after(6))
    assert result.state == "stopped"
    assert result.note.startswith("Stopped after 6 of 12 steps.")
    assert [row.step for row in result.steps] == [1, 2, 3, 4, 5, 6]
    assert [row.epoch for row in result.epochs] == [1]
    assert result.steps == run(MLP).steps[:6]
    assert same(result.weights, run(MLP, should_stop=stop_after(6)).weights)


def test_a_stopped_run_does_not_read_the_test_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "evaluate", lambda *_arguments, **_more: pytest.fail("the test set was read"))
    assert run(MLP, should_stop=stop_after(6)).evaluation is None


def test_a_run_that_is_stopped_before_its_first_step_keeps_its_first_weights() -> None:
    result = run(MLP, should_stop=lambda: True)
    first = build(MLP.model, shape=(1, 8, 8), classes=4, seed=0)
    assert (result.state, result.steps, result.epochs) == ("stopped", (), ())
    assert same(result.weights, first.state_dict())


@pytest.mark.sameness
def test_the_next_run_is_not_touched_by_one_that_was_stopped() -> None:
    wanted = run(MLP)
    run(MLP.change(precision="fast"), should_stop=stop_after(2))
    assert same(run(MLP).weights, wanted.weights)


# -- diverging ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("every_s", [0.0, math.inf])
def test_a_run_that_diverges_ends_and_says_at_which_step(
    monkeypatch: pytest.MonkeyPatch, every_s: float
) -> None:
    monkeypatch.setattr(recorder_module, "_READ_EVERY_S", every_s)
    rows: list[Row] = []
    result = run(DIVERGING, on_row=rows.append)
    assert result.state == "diverged"
    last = result.steps[-1].step
    assert result.note == (
        f"Diverged: at step {last + 1} the loss was no longer a finite number. "
        "Try a smaller learning rate than 100, or another initializer."
    )
    assert rows[1:] == [*result.steps, *result.epochs]
    assert all(math.isfinite(row.loss) for row in result.steps)
    assert (result.evaluation, result.weights) == (None, {})


def test_a_run_whose_last_step_ruins_the_weights_has_diverged() -> None:
    result = run(DIVERGING.change(epochs=1, batch_size=64))
    assert result.state == "diverged"
    assert "after step 1 the loss on the test pictures was no longer a finite number" in result.note
    assert (result.evaluation, result.weights) == (None, {})


def test_a_validation_loss_that_is_not_finite_is_no_row() -> None:
    result = run(DIVERGING.change(epochs=2, batch_size=48, val_fraction=0.25))
    assert result.state == "diverged"
    assert "after step 1 the loss on the validation pictures" in result.note
    assert result.epochs == ()


def test_a_run_that_is_stopped_when_it_has_diverged_has_diverged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder_module, "_READ_EVERY_S", math.inf)
    result = run(DIVERGING.change(batch_size=4), should_stop=stop_after(15))
    assert result.state == "diverged"
    assert result.weights == {}


# -- early stopping ----------------------------------------------------------------------------------------

RESTLESS = MLP.change(lr=0.8, val_fraction=0.5, patience=2, epochs=40, batch_size=8)


def test_early_stopping_ends_the_run_and_puts_the_best_weights_back() -> None:
    images = made_up(noise=1500)
    result = run(RESTLESS, images=images)
    losses = [there(row.val_loss) for row in result.epochs]
    best = losses.index(min(losses))
    assert len(losses) == best + 1 + 2 < 40
    parts = split(images, RESTLESS, torch.device("cpu"))
    network = build(RESTLESS.model, shape=(1, 8, 8), classes=4, seed=9)
    put_weights(network, result.weights)
    val_loss, _ = loss_and_accuracy(
        logits_of(network, parts.val.x, parts.normalization), parts.val.y, "cross_entropy"
    )
    assert val_loss == min(losses)
    assert result.note == (
        f"Early stopping: of {len(losses)} epochs, epoch {best + 1} had the lowest validation loss "
        f"({min(losses):.4f}); its weights are kept."
    )


@pytest.mark.sameness
def test_the_best_weights_are_put_back_after_a_full_run_too() -> None:
    images = made_up(noise=1500)
    full = run(RESTLESS.change(patience=30, epochs=6), images=images)
    losses = [there(row.val_loss) for row in full.epochs]
    assert len(losses) == 6
    assert losses.index(min(losses)) < 5
    cut = run(RESTLESS.change(patience=30, epochs=losses.index(min(losses)) + 1), images=images)
    assert same(full.weights, cut.weights)


# -- precision ---------------------------------------------------------------------------------------------


def bfloat16_is(monkeypatch: pytest.MonkeyPatch, *, faster: bool) -> None:
    """Let it be there, and measured so, whatever this machine has."""
    answer = Timing(full_s=0.003, fast_s=0.0015 if faster else 0.006)
    monkeypatch.setattr(precision_module, "has_bf16_units", lambda _device: True)
    monkeypatch.setattr(precision_module, "measure", lambda *_ways, begun: answer)


def process_settings() -> tuple[object, ...]:
    cudnn = torch.backends.cudnn
    return torch.get_float32_matmul_precision(), cudnn.allow_tf32, cudnn.deterministic, cudnn.benchmark


def test_settings_of_the_process_are_put_back_and_the_next_run_works_even_after_an_exception(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bfloat16_is(monkeypatch, faster=True)
    before = process_settings()
    during = []

    def break_off(row: Row) -> None:
        if isinstance(row, StepRow):
            during.append(process_settings())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(MLP.change(precision="fast"), on_row=break_off)
    assert during[0] != before
    assert process_settings() == before
    assert run(MLP).state == "finished"


@pytest.mark.parametrize("precision", ["full", "fast"])
def test_products_are_rounded_as_the_config_says_while_a_run_trains(
    monkeypatch: pytest.MonkeyPatch, precision: str
) -> None:
    bfloat16_is(monkeypatch, faster=True)
    during = set()
    run(MLP.change(precision=precision), on_row=lambda row: during.add((type(row), process_settings()[:2])))
    wanted = {"full": ("highest", False), "fast": ("medium", True)}[precision]
    assert (StepRow, wanted) in during


@pytest.mark.sameness
def test_fast_is_full_where_the_device_is_not_faster_at_bfloat16(monkeypatch: pytest.MonkeyPatch) -> None:
    bfloat16_is(monkeypatch, faster=False)
    config = NOISY.change(model="cnn", channels=(4,))
    fast, full = run(config.change(precision="fast")), run(config)
    assert same(fast.weights, full.weights)
    assert (
        fast.note
        == fast.environment["precision"]
        == ("Fast: float32 was taken, for bfloat16 was measured to be slower here (6 against 3 ms a step).")
    )
    assert (full.note, "precision" in full.environment) == ("", False)


@pytest.mark.sameness
def test_fast_is_full_where_there_are_no_units_for_bfloat16_and_nothing_is_measured(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(precision_module, "has_bf16_units", lambda _device: False)
    monkeypatch.setattr(precision_module, "measure", lambda *_ways, begun: pytest.fail("it was measured"))
    fast = run(MLP.change(precision="fast"))
    assert same(fast.weights, run(MLP).weights)
    assert fast.note == "Fast: float32 was taken, because this device has no units for bfloat16."


@pytest.mark.parametrize(
    ("widest", "units"),
    [("", True), ("AVX512_CORE_AMX", True), ("AVX512_CORE", False), ("AVX2", False), ("avx2", False)],
)
def test_units_for_bfloat16_that_onednn_may_not_use_do_not_count(
    monkeypatch: pytest.MonkeyPatch, widest: str, units: bool
) -> None:
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: True)
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", widest)
    assert has_bf16_units(torch.device("cpu")) is units


def test_what_was_taken_is_told_of_a_run_that_was_stopped_too(monkeypatch: pytest.MonkeyPatch) -> None:
    bfloat16_is(monkeypatch, faster=True)
    note = run(MLP.change(precision="fast"), should_stop=stop_after(6)).note
    assert note.startswith("Stopped after 6 of 12 steps.")
    assert note.endswith(
        " Fast: bfloat16 was taken, measured 2.00 times as fast as float32 here (1.5 against 3 ms a step)."
    )


def test_the_answer_of_the_first_run_decides_for_later_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    bfloat16_is(monkeypatch, faster=True)
    first = run(MLP.change(precision="fast"))
    monkeypatch.setattr(precision_module, "measure", lambda *_, begun: pytest.fail("it was measured again"))
    again = run(MLP.change(precision="fast", seed=1, lr=0.1))
    assert again.note == first.note
    with pytest.raises(pytest.fail.Exception, match="measured again"):
        run(MLP.change(precision="fast", batch_size=8))
    with pytest.raises(pytest.fail.Exception, match="measured again"):
        run(MLP.change(precision="fast", hidden=(16,)))


@pytest.mark.sameness
@pytest.mark.parametrize(
    "change", [{}, {"model": "cnn", "channels": (4,), "hidden": (8,)}], ids=["mlp", "cnn"]
)
def test_measuring_changes_nothing_but_the_precision(
    monkeypatch: pytest.MonkeyPatch, change: dict[str, str | tuple[int, ...]]
) -> None:
    monkeypatch.setattr(precision_module, "has_bf16_units", lambda _device: True)
    state = torch.get_rng_state()
    config = NOISY.change(precision="fast", **change)
    first, second = run(config), run(config)  # measured, and known
    assert same(first.weights, second.weights)
    assert first.note == second.note
    assert first.note.startswith("Fast: ")
    assert torch.equal(torch.get_rng_state(), state)


def test_a_fast_cnn_sees_its_new_weights_in_every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    # Autocast around the whole run would keep bfloat16 copies of the first weights and never learn.
    bfloat16_is(monkeypatch, faster=True)
    config = RunConfig().change(
        model="cnn",
        channels=(4,),
        hidden=(16,),
        lr=0.1,
        momentum=0.9,
        batch_size=16,
        epochs=8,
        val_fraction=0.25,
    )
    fast, full = run(config.change(precision="fast")), run(config)
    assert not same(fast.weights, full.weights)
    assert fast.epochs[-1].train_loss == pytest.approx(full.epochs[-1].train_loss, rel=0.1)
    assert fast.epochs[-1].train_loss < 0.5 * fast.epochs[0].train_loss


# -- starting from other weights ---------------------------------------------------------------------------


def test_a_run_starts_from_the_weights_that_it_is_given() -> None:
    before = run(MLP)
    tuned = run(MLP.change(start_from="a" * 64, lr=1e-7), start_weights=before.weights)
    assert close(tuned.weights, before.weights)


def test_weights_of_another_network_are_refused() -> None:
    wrong = build(MLP.model, shape=(1, 9, 9), classes=4, seed=0).state_dict()
    with pytest.raises(WeightsError, match=r"1\.weight is \[12, 81\] and should be \[12, 64\]"):
        run(MLP.change(start_from="a" * 64), start_weights=wrong)


@pytest.mark.parametrize(
    ("start_from", "weights"),
    [("a" * 64, None), ("", {"1.weight": torch.zeros(1)})],
    ids=["missing", "unasked"],
)
def test_start_weights_come_with_the_name_of_their_run_and_only_so(
    start_from: str, weights: dict[str, torch.Tensor] | None
) -> None:
    with pytest.raises(ConfigError, match="needs that run's weights, and only such a run takes any"):
        run(MLP.change(start_from=start_from), start_weights=weights)


# -- what is refused, and what is left behind --------------------------------------------------------------


def test_an_unsound_config_is_refused_before_anything_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "load", lambda _config: pytest.fail("pictures were loaded"))
    with pytest.raises(ConfigError, match="Learning rate"):
        train(RunConfig().change(lr=-1.0))


@pytest.mark.parametrize("device", ["meta", "cuda:99", "gpu", "", "vulkan"])
def test_a_device_that_cannot_train_is_refused(device: str) -> None:
    with pytest.raises(ConfigError, match=r"use 'auto' or 'cpu'|use auto, cpu, cuda or mps"):
        train(MLP, device=device, images=made_up())


def test_the_resolved_config_has_no_setting_without_effect_and_a_source() -> None:
    config = resolved(RunConfig().change(model="softmax", hidden=(3,), dropout=0.5))
    assert config == RunConfig().change(model="softmax", source="full")


def test_the_result_holds_the_resolved_config_and_where_it_was_trained() -> None:
    result = run(MLP)
    assert result.config == resolved(MLP)
    assert result.environment["torch"] == torch.__version__
    assert result.environment["threads"] == "1"
    assert min(result.seconds.load, result.seconds.train, result.seconds.evaluate) > 0


def test_weights_are_left_behind_on_the_cpu_in_one_piece_each() -> None:
    result = run(NOISY.change(model="cnn", channels=(4, 6)))
    assert all(value.device.type == "cpu" and value.is_contiguous() for value in result.weights.values())
    assert not any(value.requires_grad for value in result.weights.values())


def test_own_pictures_that_changed_are_read_again(tmp_path: Path) -> None:
    folder = tmp_path / "shapes"

    def draw(shade: int) -> None:
        for label in ("a", "b"):
            (folder / label).mkdir(parents=True, exist_ok=True)
            for number in range(4):
                Image.new("L", (8, 8), shade + number).save(folder / label / f"{number}.png")

    config = RunConfig().change(dataset="own", path=str(folder), side=8, grey=True).data
    draw(10)
    first = engine.load(config)
    assert engine.load(config) is first
    draw(100)
    assert engine.load(config).train_x.min() >= 100
