"""Weights into and out of networks and files; nothing is ever unpickled."""

import io
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from dashlab.errors import WeightsError
from dashlab.settings.run_parts import ModelConfig
from dashlab.training.models import build
from dashlab.training.weights import from_bytes, put_weights, to_bytes, weights_of


def network(seed: int = 0, **more: Any) -> torch.nn.Sequential:
    config = ModelConfig(**{"model": "mlp", "hidden": (5,), "batchnorm": True, **more})
    return build(config, shape=(1, 4, 4), classes=3, seed=seed)


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


class Bomb:
    """Makes a file when it is unpickled."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, (self.path,)


# -- files -------------------------------------------------------------------------------------------------


def test_weights_come_back_from_a_file_to_the_bit() -> None:
    weights = weights_of(network())
    assert same(from_bytes(to_bytes(weights)), weights)


def test_weights_of_a_network_with_channels_last_can_be_written() -> None:
    convolves = network(model="cnn", channels=(2,)).to(memory_format=torch.channels_last)
    weights = weights_of(convolves)
    assert same(from_bytes(to_bytes(weights)), weights)


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
def test_what_torch_save_wrote_is_refused_without_being_opened(tmp_path: Path, zipped: bool) -> None:
    trap = tmp_path / "sprung"
    file = io.BytesIO()
    torch.save({"weight": Bomb(str(trap))}, file, _use_new_zipfile_serialization=zipped)
    with pytest.raises(WeightsError, match=r"This is a pickle .* so it is not opened"):
        from_bytes(file.getvalue())
    assert not trap.exists()


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_bare_pickle_is_refused_without_being_opened(tmp_path: Path, protocol: int) -> None:
    trap = tmp_path / "sprung"
    with pytest.raises(WeightsError):
        from_bytes(pickle.dumps(Bomb(str(trap)), protocol=protocol))
    assert not trap.exists()


@pytest.mark.parametrize("length", [128, 128 + 256, 128 + 512])
def test_a_file_whose_header_is_as_long_as_a_pickle_begins_is_read(length: int) -> None:
    # The first bytes of a .safetensors file are the length of its header, padded to a multiple of 8.
    for padding in range(1000):
        contents = to_bytes({"w" * padding + "eight": torch.ones(1)})
        if int.from_bytes(contents[:8], "little") == length:
            break
    assert contents[:1] == b"\x80"
    assert len(from_bytes(contents)) == 1


def test_a_truncated_file_is_refused_wherever_it_ends() -> None:
    contents = to_bytes(weights_of(network()))
    for end in (0, 1, 7, 8, 9, 100, len(contents) // 2, len(contents) - 1):
        with pytest.raises(WeightsError, match=r"not a whole \.safetensors file|This is a pickle"):
            from_bytes(contents[:end])


@pytest.mark.parametrize(
    "contents", [b"", b"hello", b"\x00" * 64, b"\xff" * 64, b"{}" * 40, b"GIF89a" + b"\0" * 99]
)
def test_what_is_no_safetensors_file_is_refused_in_a_sentence(contents: bytes) -> None:
    with pytest.raises(
        WeightsError, match=r"This is not a whole \.safetensors file .* Save or upload it again\."
    ):
        from_bytes(contents)


# -- networks ----------------------------------------------------------------------------------------------


def test_weights_that_are_put_into_a_twin_make_it_the_same_network() -> None:
    one, other = network(seed=0), network(seed=1)
    put_weights(other, weights_of(one))
    x = torch.rand(4, 1, 4, 4)
    assert torch.equal(one.eval()(x), other.eval()(x))


def test_weights_are_copies() -> None:
    built = network()
    weights = weights_of(built)
    with torch.no_grad():
        built.get_parameter("1.weight").zero_()
    assert weights["1.weight"].abs().max() > 0
    put_weights(built, weights)
    weights["1.weight"].zero_()
    assert built.get_parameter("1.weight").abs().max() > 0


def changed(**more: torch.Tensor | None) -> dict[str, torch.Tensor]:
    """The weights of the network with some entries replaced, or left out where None is given."""
    weights = weights_of(network()) | {name.replace("__", "."): value for name, value in more.items()}
    return {name: value for name, value in weights.items() if value is not None}


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        (changed(**{"1__weight": torch.zeros(5, 9)}), "1.weight is [5, 9] and should be [5, 16]"),
        (changed(**{"1__weight": None}), "1.weight [5, 16] is missing"),
        (changed(**{"9__bias": torch.zeros(2)}), "9.bias [2] has no place in it"),
        (changed(**{"4__bias": torch.zeros(3, dtype=torch.complex64)}), "4.bias is torch.complex64"),
        (changed(**{"2__num_batches_tracked": torch.tensor(0.5)}), "2.num_batches_tracked is torch.float32"),
        ({}, "1.weight [5, 16] is missing"),
    ],
)
def test_weights_of_another_network_are_refused_and_the_first_difference_is_named(
    weights: dict[str, torch.Tensor], words: str
) -> None:
    with pytest.raises(WeightsError) as caught:
        put_weights(network(), weights)
    assert str(caught.value).startswith("These weights belong to another network: ")
    assert words in str(caught.value)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_weights_that_are_not_finite_are_refused(bad: float) -> None:
    with pytest.raises(WeightsError, match=r"4\.bias holds values that are not finite"):
        put_weights(network(), changed(**{"4__bias": torch.tensor([1.0, bad, 0.0])}))


def test_refused_weights_leave_the_network_as_it_was() -> None:
    built = network()
    before = weights_of(built)
    with pytest.raises(WeightsError):
        put_weights(built, changed(**{"1__weight": torch.zeros(5, 16), "4__bias": torch.zeros(9)}))
    assert same(weights_of(built), before)
