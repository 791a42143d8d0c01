"""The settings of a training run, grouped by what they act on; `config.RunConfig` holds one of each group.

Those of the optimizer and its schedule stand in `optim_settings`.
"""

from dataclasses import dataclass

from dashlab.settings.fields import choice, flag, integer, number, sizes, text
from dashlab.settings.flat import FlatConfig
from dashlab.settings.names import ACTIVATION_NAMES, DATASET_NAMES, INITIALIZER_NAMES, NETWORK_NAMES

FLOP_PER_S = 60e9
"""Operations a second of one core in training: what the presets s1 and s4 reached in the README's table.

All times that are said beforehand come from it.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataConfig(FlatConfig):
    """Which pictures, how many, and how they enter the network."""

    dataset: str = choice(
        "mnist",
        "Data set",
        "Handwritten digits (MNIST), pieces of clothing (Fashion-MNIST), small colour photographs "
        "(CIFAR-10), or class folders of your own.",
        {**DATASET_NAMES, "own": "Own pictures"},
    )
    source: str = choice(
        "auto",
        "Source",
        "The full set or the sample that comes with dashlab. 'auto' takes the full set where it is present.",
        {"auto": "Automatic", "full": "Full", "bundled": "Bundled"},
        advanced=True,
        used_when=(("dataset", tuple(DATASET_NAMES)),),
    )
    path: str = text(
        "",
        "Own pictures",
        "A folder or zip of class folders, or the name of a set that was uploaded before.",
        used_when=(("dataset", ("own",)),),
    )
    side: int = integer(
        32,
        "Side",
        "Own pictures are resized to this many pixels a side.",
        low=8,
        high=128,
        used_when=(("dataset", ("own",)),),
    )
    grey: bool = flag(False, "Grey", "Turn own pictures to grey.", used_when=(("dataset", ("own",)),))
    train_size: int = integer(
        0,
        "Training pictures",
        "How many training pictures to use, each class in its share; 0 means all of them.",
        names={"0": "all"},
        low=0,
        high=1_000_000,
        step=1000,
    )
    val_fraction: float = number(
        0.0,
        "Validation share",
        "The share of the training pictures that is held back to watch generalisation while training. The "
        "test set is only used once, at the end.",
        low=0.0,
        high=0.5,
    )
    normalize: str = choice(
        "half",
        "Normalisation",
        "'none' leaves pixels in [0, 1]; 'half' maps them to [-1, 1]; 'dataset' subtracts the data set's "
        "mean and divides by its standard deviation, channel by channel. For CIFAR-10 it divides by the "
        "numbers that most recipes have, 0.20: the mean of each picture's own standard deviation, while over "
        "all pixels it is 0.25. 'imagenet' takes the numbers of the photographs of ImageNet, for grey "
        "pictures the average over its three channels.",
        {
            "none": "None",
            "half": "to [−1, 1]",
            "dataset": "by mean and std",
            "imagenet": "by ImageNet's mean and std",
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AugmentConfig(FlatConfig):
    """Random changes of the training pictures; each picture gets its own draw in each epoch."""

    flip: bool = flag(False, "Mirror", "Mirror half of the pictures left to right. Never for digits.")
    crop_padding: int = integer(
        0, "Random crop", "Pad by this many pixels and crop a random window of the old size.", low=0, high=16
    )
    rotate: float = number(0.0, "Rotate", "Turn by up to this many degrees either way.", low=0.0, high=180.0)
    shift: float = number(0.0, "Shift", "Move by up to this many pixels either way.", low=0.0, high=16.0)
    zoom: float = number(0.0, "Zoom", "Scale by a factor between 1 - zoom and 1 + zoom.", low=0.0, high=0.9)
    shear: float = number(0.0, "Shear", "Slant by up to this many degrees either way.", low=0.0, high=60.0)
    thickness: float = number(
        0.0,
        "Stroke width",
        "The share of the pictures whose bright strokes are made thicker or thinner, by up to a pixel on "
        "each side.",
        low=0.0,
        high=1.0,
        advanced=True,
    )
    erase: int = integer(
        0,
        "Erase",
        "Blank a square of this many pixels a side at a random place; part of it may lie outside.",
        low=0,
        high=64,
        advanced=True,
    )


ACTIVATIONS = tuple(ACTIVATION_NAMES)
INITIALIZERS = tuple(INITIALIZER_NAMES)
MIXED = "xavier_conv"
"""Draws convolutions as Xavier normal and fully connected layers from N(0, init_std²)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelConfig(FlatConfig):
    """The network and the values it starts from."""

    model: str = choice(
        "mlp",
        "Network",
        "softmax: one linear layer. mlp: fully connected layers. lenet: LeCun's network of 1998, with "
        "max-pooling. cnn: blocks of 3×3 convolution and 2×2 max-pooling, then fully connected layers. "
        "resnet: a convolution, then the same blocks, each with a residual pair, and one linear layer.",
        NETWORK_NAMES,
    )
    hidden: tuple[int, ...] = sizes(
        (512, 512),
        "Hidden layers",
        "Units of each fully connected hidden layer, joined by '-': 512-512.",
        high=8192,
        longest=12,
        used_when=(("model", ("mlp", "cnn")),),
    )
    channels: tuple[int, ...] = sizes(
        (32, 64, 128),
        "Channels",
        "Channels of each block of convolutions, joined by '-': 32-64-128. Every block but the first of a "
        "resnet halves the picture's side.",
        high=1024,
        longest=5,
        used_when=(("model", ("cnn", "resnet")),),
    )
    activation: str = choice(
        "relu",
        "Activation",
        "The nonlinearity after each hidden layer.",
        ACTIVATION_NAMES,
        used_when=(("model", ("mlp", "lenet", "cnn", "resnet")),),
    )
    batchnorm: bool = flag(
        False,
        "BatchNorm",
        "Normalise each unit over the batch, before the activation. A layer followed by it has no bias of "
        "its own.",
        used_when=(("model", ("mlp", "lenet", "cnn", "resnet")),),
    )
    dropout: float = number(
        0.0,
        "Dropout",
        "The share of the fully connected hidden units that is switched off at random in each training step.",
        low=0.0,
        high=0.95,
        used_when=(("model", ("mlp", "lenet", "cnn")),),
    )
    dropout_layers: int = integer(
        0,
        "Dropout layers",
        "Dropout follows this many hidden layers, counted from the first; 0 means all of them.",
        names={"0": "all"},
        low=0,
        high=12,
        advanced=True,
        used_when=(("model", ("mlp", "lenet", "cnn")),),
    )
    init: str = choice(
        "pytorch",
        "Initializer",
        "How the weights are drawn. 'pytorch' is what torch.nn does when nothing is said: uniform in "
        "±1/√fan_in, biases too. All others start with biases of zero. 'xavier_conv' draws convolutions as "
        "'xavier_normal' does and fully connected layers as 'normal' does.",
        {**INITIALIZER_NAMES, MIXED: "Xavier for convolutions"},
    )
    init_std: float = number(
        0.01,
        "Initial std",
        "Standard deviation of the 'normal' initializer, and of the fully connected layers of 'xavier_conv'.",
        low=0.0,
        high=10.0,
        advanced=True,
        used_when=(("init", ("normal", MIXED)),),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LossConfig(FlatConfig):
    """What is made small."""

    loss: str = choice(
        "cross_entropy",
        "Loss",
        "cross_entropy: minus the logarithm of the probability given to the right class. mse: the "
        "squared differences between the outputs and the one-hot label, averaged over pictures and classes.",
        {"cross_entropy": "Cross-entropy", "mse": "Squared error"},
    )
    label_smoothing: float = number(
        0.0,
        "Label smoothing",
        "The share of the label that is spread evenly over all classes.",
        low=0.0,
        high=0.9,
        used_when=(("loss", ("cross_entropy",)),),
    )
    l1: float = number(
        0.0,
        "L1",
        "Adds l1·Σ|w| over all weights (not biases): drives weights to 0.",
        low=0.0,
        high=1.0,
        log=True,
    )
    l2: float = number(
        0.0,
        "L2",
        "Adds l2·Σw² over all weights (not biases): shrinks weights. Where the penalty is written ½λΣw², λ "
        "is twice l2.",
        low=0.0,
        high=1.0,
        log=True,
    )

    @property
    def added(self) -> tuple[str, ...]:
        """What is made small besides the loss itself, in the words of a sentence."""
        terms = {"label smoothing": "label_smoothing", "L1": "l1", "L2": "l2"}
        return tuple(term for term, name in terms.items() if getattr(self, name) and self.is_used(name))


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopConfig(FlatConfig):
    """How long, in what portions, from what start."""

    batch_size: int = integer(64, "Batch size", "Pictures per step.", low=1, high=65_536)
    epochs: int = integer(5, "Epochs", "Passes over the training pictures.", low=1, high=1000)
    patience: int = integer(
        0,
        "Early stopping",
        "Stop after this many epochs without a better validation loss and go back to the best weights; 0 "
        "means never. Needs a validation share.",
        low=0,
        high=1000,
    )
    seed: int = integer(
        0,
        "Seed",
        "Decides the first weights, the order of the pictures and every random draw.",
        low=0,
        high=2**31 - 1,
    )
    precision: str = choice(
        "full",
        "Precision",
        "full: float32 throughout. fast: bfloat16 inside matrix products and convolutions where it is "
        "faster, else float32. On a CPU that is measured, once for each network and batch size; the result "
        "says which was taken.",
        {"full": "Full", "fast": "Fast"},
        advanced=True,
    )
    compile: bool = flag(
        False, "Compile", "Compile the network on a GPU: a slow start, then faster steps.", advanced=True
    )
    start_from: str = text(
        "", "Start from", "Key of a cached run whose weights are the start (fine-tuning).", advanced=True
    )
