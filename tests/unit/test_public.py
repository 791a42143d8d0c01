"""What `from dashlab import …` offers: three names, a training with them, at no cost until used."""

import doctest
import subprocess
import sys
from pathlib import Path

import pytest

import dashlab
from dashlab.errors import DashlabError
from dashlab.experiments.trainer.presets import PRESETS
from dashlab.settings.run import RunConfig
from dashlab.training.engine import train

ROOT = Path(__file__).resolve().parents[2]
HEAVY = {"torch", "numpy", "PIL", "safetensors", "tqdm", "distributed", "streamlit", "plotly", "pandas"}


def printed_by(code: str) -> str:
    """What a fresh interpreter prints."""
    command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()


def test_the_public_names_are_these_and_no_others() -> None:
    assert dashlab.__all__ == ["RunConfig", "preset", "train"]
    assert set(dashlab.__all__) | {"__version__"} <= set(dir(dashlab))


def test_each_public_name_is_the_one_that_the_modules_define() -> None:
    assert dashlab.RunConfig is RunConfig
    assert dashlab.train is train
    assert dashlab.preset("s1") == PRESETS["s1"].config


def test_everything_public_is_imported_by_a_star() -> None:
    code = "from dashlab import *; print(RunConfig().optim.optimizer, preset('s4').model.model, train)"
    assert printed_by(code).startswith("sgd cnn <function train")


def test_an_unknown_name_is_an_attribute_error_as_of_any_module() -> None:
    assert not hasattr(dashlab, "trian")
    with pytest.raises(AttributeError, match="module 'dashlab' has no attribute 'trian'"):
        dashlab.__getattr__("trian")


def test_importing_dashlab_loads_nothing_but_itself() -> None:
    code = "import sys; before = set(sys.modules); import dashlab; print(*set(sys.modules) - before)"
    loaded = printed_by(code).split()
    assert "dashlab" in loaded
    assert not [name for name in loaded if name.startswith("dashlab.")]
    assert HEAVY.isdisjoint(name.partition(".")[0] for name in loaded)


def test_settings_and_presets_need_no_torch() -> None:
    code = "import sys; from dashlab import RunConfig, preset; preset('s1'); print('torch' in sys.modules)"
    assert printed_by(code) == "False"


@pytest.mark.parametrize(
    ("name", "meant"), [("mnist-fats", "mnist-fast"), ("MNIST_FAST", "mnist-fast"), ("Sketch", "sketch")]
)
def test_a_misspelled_preset_is_answered_with_those_spelled_alike(name: str, meant: str) -> None:
    with pytest.raises(DashlabError, match=rf"There is no preset '{name}'. Did you mean .*{meant}.*\?"):
        dashlab.preset(name)


@pytest.mark.usefixtures("one_thread")
def test_the_example_of_the_first_lines_trains_as_it_says() -> None:
    tried = doctest.testmod(dashlab)
    assert tried.attempted == 5
    assert tried.failed == 0
