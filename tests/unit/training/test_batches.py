"""Which pictures a run trains on, how they are normalised, and in what order they come."""

import dataclasses

import pytest
import torch

from dashlab.data.imageset import IMAGE_SETS, ImageSet
from dashlab.errors import ConfigError
from dashlab.settings.fields import Value
from dashlab.settings.run import RunConfig
from dashlab.training import batches as module
from dashlab.training.batches import (
    Batches,
    Normalization,
    Part,
    normalization,
    pictures_at_once,
    split,
    stratified_order,
)
from tests.unit.pictures import made_up

CPU = torch.device("cpu")
AS_THEY_ARE = Normalization((0.0,), (1.0,))


def numbered(count: int, classes: int = 2) -> Part:
    """Pictures of one pixel of which the n-th is n: what comes out says which went in."""
    x = torch.arange(count, dtype=torch.uint8).view(count, 1, 1, 1)
    return Part(x, torch.arange(count) % classes)


def one_pass(batches: Batches) -> list[list[int]]:
    """The numbers of the pictures in each batch."""
    return [(x * 255).round().int().flatten().tolist() for x, _ in batches]


def batches_of(count: int, *, batch_size: int = 4, **settings: Value) -> Batches:
    return Batches(numbered(count), AS_THEY_ARE, RunConfig().change(batch_size=batch_size, **settings))


def numbers(part: Part, images: ImageSet) -> list[int]:
    """Where each picture of `part` stands in the training set."""
    return [int((images.train_x == picture).flatten(1).all(1).nonzero()) for picture in part.x]


# -- the split ---------------------------------------------------------------------------------------------


def test_without_validation_all_training_pictures_are_used_in_their_order() -> None:
    images = made_up(40)
    parts = split(images, RunConfig(), CPU)
    assert torch.equal(parts.train.x, images.train_x)
    assert torch.equal(parts.train.y, images.train_y)
    assert len(parts.val) == 0


def test_validation_pictures_come_from_the_training_set_and_are_not_trained_on() -> None:
    images = made_up(40)
    parts = split(images, RunConfig().change(val_fraction=0.25), CPU)
    train, val = numbers(parts.train, images), numbers(parts.val, images)
    assert len(val) == 10
    assert sorted(train + val) == list(range(40))


def test_the_test_part_is_the_test_set() -> None:
    images = made_up(40, 12)
    parts = split(images, RunConfig().change(val_fraction=0.25, train_size=20), CPU)
    assert torch.equal(parts.test.x, images.test_x)
    assert torch.equal(parts.test.y, images.test_y)


def test_labels_stay_with_their_pictures() -> None:
    images = made_up(40)
    parts = split(images, RunConfig().change(val_fraction=0.25, train_size=20), CPU)
    for part in (parts.train, parts.val):
        assert part.y.tolist() == [int(images.train_y[number]) for number in numbers(part, images)]


def test_each_class_has_its_share_in_every_part() -> None:
    parts = split(made_up(80), RunConfig().change(train_size=40, val_fraction=0.2), CPU)
    assert parts.val.y.bincount().tolist() == [2, 2, 2, 2]
    assert parts.train.y.bincount().tolist() == [8, 8, 8, 8]


def test_classes_of_unequal_size_keep_their_proportion() -> None:
    labels = torch.tensor([0] * 900 + [1] * 90 + [2] * 10)
    order = stratified_order(labels, generator=torch.Generator().manual_seed(0))
    for prefix in (100, 200, 500):
        shares = labels[order[:prefix]].bincount(minlength=3) / prefix
        assert torch.allclose(shares, torch.tensor([0.9, 0.09, 0.01]), atol=0.011), prefix


@pytest.mark.parametrize("seed", range(5))
def test_a_stratified_order_is_that_of_counting_in_a_table_of_pictures_by_classes(seed: int) -> None:
    labels = torch.randint(0, 7, (500,), generator=torch.Generator().manual_seed(seed)).clamp_max(5)
    shuffled = torch.randperm(500, generator=torch.Generator().manual_seed(seed))
    onehot = torch.nn.functional.one_hot(labels[shuffled])  # [N, K]
    rank = (onehot.cumsum(0) * onehot).sum(1)
    share = rank / onehot.sum(0)[labels[shuffled]]
    wanted = shuffled[torch.argsort(share, stable=True)]
    assert torch.equal(stratified_order(labels, generator=torch.Generator().manual_seed(seed)), wanted)


def test_a_stratified_order_of_many_pictures_in_many_classes_takes_little_memory() -> None:
    labels = torch.arange(100_000) % 1000
    with torch.profiler.profile(profile_memory=True) as profile:
        stratified_order(labels, generator=torch.Generator().manual_seed(0))
    most = max(event.self_cpu_memory_usage for event in profile.key_averages())
    assert most < 100 * 8 * len(labels)  # a table of pictures by classes has 1,000 entries a picture


def test_a_stratified_order_is_a_permutation_that_the_generator_decides() -> None:
    labels = torch.arange(50) % 3
    orders = [stratified_order(labels, generator=torch.Generator().manual_seed(seed)) for seed in (0, 0, 1)]
    assert sorted(orders[0].tolist()) == list(range(50))
    assert torch.equal(orders[0], orders[1])
    assert not torch.equal(orders[0], orders[2])


def test_more_pictures_than_there_are_means_all_of_them() -> None:
    assert len(split(made_up(40), RunConfig().change(train_size=1000), CPU).train) == 40


def test_fewer_pictures_are_part_of_more() -> None:
    images = made_up(80)
    few, more = (
        numbers(split(images, RunConfig().change(train_size=n), CPU).train, images) for n in (20, 40)
    )
    assert set(few) < set(more)


def test_another_seed_holds_other_pictures_back() -> None:
    images = made_up(80)
    one, other = (
        set(numbers(split(images, RunConfig().change(val_fraction=0.2, seed=seed), CPU).val, images))
        for seed in (0, 1)
    )
    assert one != other


@pytest.mark.parametrize(("train_size", "val_fraction"), [(1, 0.5), (2, 0.1), (40, 0.01)])
def test_a_part_that_would_be_empty_is_refused(train_size: int, val_fraction: float) -> None:
    with pytest.raises(ConfigError, match="leaves a part empty: use more pictures or another share"):
        split(made_up(40), RunConfig().change(train_size=train_size, val_fraction=val_fraction), CPU)


# -- normalisation -----------------------------------------------------------------------------------------


def test_normalising_scales_then_subtracts_and_divides_channel_by_channel() -> None:
    x = torch.tensor([[[[0, 255]], [[51, 102]]]], dtype=torch.uint8)  # [1, 2, 1, 2]
    out = Normalization((0.5, 0.2), (0.5, 0.1))(x)
    assert torch.allclose(out, torch.tensor([[[[-1.0, 1.0]], [[0.0, 2.0]]]]), atol=1e-6)


def test_normalising_takes_floats_as_values_between_0_and_1_and_leaves_them_alone() -> None:
    x = torch.tensor([[[[0.0, 1.0]]]])
    assert Normalization((0.5,), (0.5,))(x).tolist() == [[[[-1.0, 1.0]]]]
    assert x.tolist() == [[[[0.0, 1.0]]]]


def test_what_was_first_normalised_in_an_evaluation_can_be_differentiated() -> None:
    normalize = Normalization((0.123,), (0.456,))  # values that nothing else here uses
    with torch.inference_mode():
        normalize(torch.zeros(1, 1, 2, 2))
    pixels = torch.zeros(1, 1, 2, 2, requires_grad=True)
    (slope,) = torch.autograd.grad(normalize(pixels).sum(), pixels)
    assert torch.allclose(slope, torch.full((1, 1, 2, 2), 1 / 0.456))


@pytest.mark.parametrize("channels", [1, 3])
def test_the_named_normalisations_have_one_value_per_channel(channels: int) -> None:
    images = made_up(shape=(channels, 8, 8))
    part = Part(images.train_x, images.train_y)
    assert normalization("none", images, part) == Normalization((0.0,) * channels, (1.0,) * channels)
    assert normalization("half", images, part) == Normalization((0.5,) * channels, (0.5,) * channels)


def test_imagenets_constants_are_averaged_for_grey_pictures() -> None:
    def of(channels: int) -> Normalization:
        images = made_up(shape=(channels, 8, 8))
        return normalization("imagenet", images, Part(images.train_x, images.train_y))

    assert of(3) == Normalization((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    assert of(1).mean == pytest.approx((0.449,))
    assert of(1).std == pytest.approx((0.226,))


def test_a_known_data_set_is_normalised_by_its_published_constants() -> None:
    images = dataclasses.replace(made_up(shape=(3, 8, 8)), name="cifar10")
    known = normalization("dataset", images, Part(images.train_x, images.train_y))
    assert known == Normalization(IMAGE_SETS["cifar10"].mean, IMAGE_SETS["cifar10"].std)
    assert known == Normalization((0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010))


def test_own_pictures_are_normalised_to_mean_0_and_deviation_1() -> None:
    images = made_up(shape=(3, 8, 8))
    part = Part(images.train_x, images.train_y)
    x = normalization("dataset", images, part)(part.x)
    assert torch.allclose(x.mean((0, 2, 3)), torch.zeros(3), atol=1e-5)
    assert torch.allclose(x.std((0, 2, 3), correction=0), torch.ones(3), atol=1e-5)


def test_own_pictures_are_measured_on_what_is_trained_on_alone() -> None:
    images = made_up(80)
    parts = split(images, RunConfig().change(normalize="dataset", val_fraction=0.5), CPU)
    assert parts.normalization.mean[0] == pytest.approx(parts.train.x.double().mean().item() / 255)
    assert parts.normalization.mean[0] != pytest.approx(images.train_x.double().mean().item() / 255, rel=1e-6)


def test_pictures_of_one_colour_can_be_normalised() -> None:
    images = dataclasses.replace(made_up(8), train_x=torch.full((8, 1, 8, 8), 128, dtype=torch.uint8))
    x = normalization("dataset", images, Part(images.train_x, images.train_y))(images.train_x)
    assert x.isfinite().all()


# -- batches -----------------------------------------------------------------------------------------------


def test_each_picture_comes_once_a_pass_and_the_last_batch_holds_the_rest() -> None:
    batches = batches_of(10)
    drawn = one_pass(batches)
    assert [len(batch) for batch in drawn] == [4, 4, 2]
    assert len(batches) == 3
    assert sorted(number for batch in drawn for number in batch) == list(range(10))


def test_each_pass_has_an_order_of_its_own() -> None:
    batches = batches_of(50)
    assert one_pass(batches) != one_pass(batches)


def test_the_seed_decides_the_order_and_nothing_else_does() -> None:
    order = one_pass(batches_of(50, seed=3))
    assert one_pass(batches_of(50, seed=3, dropout=0.5, batchnorm=True, optimizer="adam", lr=0.3)) == order
    assert one_pass(batches_of(50, seed=4)) != order


def test_the_order_is_that_of_the_same_number_of_pictures_with_or_without_augmentation() -> None:
    plain, mirrored = (
        batches_of(50),
        batches_of(50, flip=True),
    )  # a picture of one pixel is its own mirror image
    assert one_pass(plain) == one_pass(mirrored)


def test_batches_are_normalised() -> None:
    part = numbered(10)
    (x, _), *_ = Batches(part, Normalization((0.5,), (0.5,)), RunConfig().change(batch_size=10))
    assert x.dtype == torch.float32
    assert torch.allclose(x.flatten().sort().values, (torch.arange(10) / 255 - 0.5) / 0.5, atol=1e-6)


@pytest.mark.parametrize("settings", [{}, {"flip": True}], ids=["plain", "augmented"])
def test_labels_stay_with_their_pictures_in_batches(settings: dict[str, bool]) -> None:
    for x, y in batches_of(50, **settings):
        assert ((x * 255).round().long().flatten() % 2).tolist() == y.tolist()


def test_augmentation_draws_anew_on_each_pass() -> None:
    images = made_up(16)
    part = Part(images.train_x, images.train_y)
    batches = Batches(part, AS_THEY_ARE, RunConfig().change(rotate=30.0, batch_size=16))
    one, other = (next(iter(batches))[0].sum((1, 2, 3)).sort().values for _ in range(2))
    assert not torch.allclose(one, other)


def test_pictures_are_normalised_block_by_block_with_the_same_result(monkeypatch: pytest.MonkeyPatch) -> None:
    in_one_go = [(x, y) for x, y in batches_of(50)]
    monkeypatch.setattr(module, "_BLOCK", 8)
    for (x, y), (x2, y2) in zip(batches_of(50), in_one_go, strict=True):
        assert torch.equal(x, x2)
        assert torch.equal(y, y2)


@pytest.mark.parametrize("batch_size", [1, 3, 8, 9, 1000])
def test_blocks_are_cut_between_batches(monkeypatch: pytest.MonkeyPatch, batch_size: int) -> None:
    monkeypatch.setattr(module, "_BLOCK", 8)
    sizes = [len(batch) for batch in one_pass(batches_of(50, batch_size=batch_size))]
    assert all(size == min(batch_size, 50) for size in sizes[:-1])
    assert sum(sizes) == 50


def test_fewer_pictures_are_worked_on_at_once_where_they_are_large() -> None:
    assert pictures_at_once(8192, torch.empty(5, 1, 28, 28)) == 8192
    assert pictures_at_once(8192, torch.empty(5, 3, 128, 128)) == 8192 // 16
    assert pictures_at_once(2, torch.empty(5, 3, 128, 128)) == 1


@pytest.mark.parametrize("model", ["mlp", "lenet", "cnn", "resnet"])
def test_a_last_batch_of_one_picture_is_left_out_where_batchnorm_could_not_normalise_it(model: str) -> None:
    batches = batches_of(9, model=model, batchnorm=True)
    assert [len(batch) for batch in one_pass(batches)] == [4, 4]
    assert len(batches) == 2


def test_a_last_batch_of_one_picture_is_trained_on_without_batchnorm() -> None:
    assert [len(batch) for batch in one_pass(batches_of(9))] == [4, 4, 1]


def test_batchnorm_with_a_single_picture_is_refused() -> None:
    with pytest.raises(ConfigError, match="BatchNorm needs at least two training pictures"):
        batches_of(1, batchnorm=True)
