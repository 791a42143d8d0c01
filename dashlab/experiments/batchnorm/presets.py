"""The telling cases of BatchNorm against none."""

from typing import Any

from dashlab.experiments.batchnorm.look import TwinsLook
from dashlab.experiments.batchnorm.sweeps import BatchSweep, RateSweep
from dashlab.settings.presets import Preset, by_name

DEEP = (32,) * 8
DIGITS: dict[str, Any] = {"dataset": "mnist", "hidden": (256, 256), "bias": "needed"}

TWINS = by_name(
    Preset(
        "s7",
        "S7: two circles",
        "2,000 points, full batch, learning rate 0.1. Both twins end above 98 %, but by epoch 15 BatchNorm's "
        "loss is below 0.1 and the other's still above 0.5.",
        TwinsLook(),
    ),
    Preset(
        "s8",
        "S8: MNIST",
        "784-256-256-10 with ReLU after the first hidden layer only, pixels from 0 to 1, SGD with learning "
        "rate 0.01, batches of 64 in fixed order, 10 epochs; no bias where BatchNorm follows. Both modes are "
        "measured on the training pictures, and beside them on the test pictures. It takes a while: press "
        "Train.",
        TwinsLook(
            **DIGITS,
            pixels="unit",
            activated="first",
            shuffle=False,
            measured="both",
            lr=0.01,
            batch_size=64,
            epochs=10,
            at=10,
            pane="classes",
        ),
    ),
    Preset(
        "mnistrelu",
        "MNIST, ReLU at every layer",
        "As S8, but with ReLU after both hidden layers, pixels from −1 to 1, batches that are drawn anew for "
        "every epoch, and measured on the test pictures alone. Press Train.",
        TwinsLook(**DIGITS, lr=0.01, batch_size=64, epochs=10, at=10, pane="classes"),
    ),
    Preset(
        "spirals",
        "Spirals and a deep network",
        "Eight hidden layers. Without BatchNorm the signal dies on the way up, and the gradient on the way "
        "down: look at the gradients. With it the spirals come apart.",
        TwinsLook(dataset="spirals", points=1000, noise=0.02, hidden=DEEP, at=100, pane="gradients"),
    ),
    Preset(
        "moons",
        "Noisy moons in small batches",
        "Batches of 32 points. BatchNorm is quicker at first; in the end both are about as good, for here "
        "the noise of the data sets the limit.",
        TwinsLook(dataset="moons", points=1000, noise=0.2, batch_size=32, epochs=30, at=3),
    ),
    Preset(
        "highrate",
        "A learning rate that only BatchNorm tolerates",
        "Learning rate 5 in four layers: within ten steps the plain twin's loss is no longer a number. That "
        "of the other one leaps up at first, and is low within 20 epochs; its accuracy in eval mode follows "
        "later.",
        TwinsLook(lr=5.0, hidden=(64,) * 4, init="kaiming_normal", points=1000, epochs=60, at=60, log=True),
    ),
    Preset(
        "batchtwo",
        "Batches of two",
        "The mean of two points says little of all points: what BatchNorm subtracts is mostly noise, and the "
        "twin without it wins.",
        TwinsLook(points=500, batch_size=2, epochs=8, at=8, pane="statistics"),
    ),
    Preset(
        "lagging",
        "Momentum 0.01: statistics that lag",
        "Train mode is as good as ever. In eval mode the same weights fail for a long time, because the "
        "running statistics are still those of a network that is long gone.",
        TwinsLook(momentum=0.01, at=40, pane="statistics"),
    ),
    Preset(
        "untracked",
        "No running statistics",
        "track_running_stats=False: eval mode takes the statistics of whatever batch it is given, so both "
        "modes agree here, and one input alone could not be normalised at all.",
        TwinsLook(track=False, pane="statistics"),
    ),
    Preset(
        "tiny",
        "Tiny first weights",
        "All weights from N(0, 0.01²). The plain twin's signal and gradients all but vanish and it never "
        "starts; BatchNorm scales them up again.",
        TwinsLook(init="normal", at=40),
    ),
)

RATES = by_name(
    Preset(
        "ratecircles",
        "Circles, two hidden layers",
        "Where does each twin begin to learn within 40 epochs, and from which rate on does it fail?",
        RateSweep(),
    ),
    Preset(
        "ratedeep",
        "Six hidden layers",
        "The plain twin does not learn as well as BatchNorm at any rate: small ones do not start it, and at "
        "the largest it diverges.",
        RateSweep(hidden=(32,) * 6),
    ),
    Preset(
        "rateseeds",
        "Three seeds",
        "The same from three seeds: how much of the picture is luck? The bands reach from worst to best.",
        RateSweep(seeds=3),
    ),
    Preset(
        "ratemnist",
        "MNIST",
        "784-256-256-10 with ReLU after both hidden layers, on 6,000 digits for 2 epochs at each of 9 rates. "
        "Press Train.",
        RateSweep(**DIGITS, train_size=6000, batch_size=64, epochs=2, count=9, highest=30.0),
    ),
)

BATCHES = by_name(
    Preset(
        "batchcircles",
        "Circles",
        "150 steps at every size. From right to left BatchNorm falls behind; at 2 it is lost.",
        BatchSweep(),
    ),
    Preset(
        "batchafter",
        "BatchNorm after the activation",
        "The same with BatchNorm after the ReLU instead of before it.",
        BatchSweep(order="after"),
    ),
    Preset(
        "batchseeds",
        "Three seeds",
        "The same from three seeds; the bands reach from worst to best.",
        BatchSweep(seeds=3),
    ),
    Preset(
        "batchmnist",
        "MNIST",
        "784-256-256-10 with ReLU after both hidden layers, on 6,000 digits, 300 steps at every size. Press "
        "Train.",
        BatchSweep(**DIGITS, train_size=6000, lr=0.05, steps=300),
    ),
)

BY_VIEW = {"twins": TWINS, "rates": RATES, "batches": BATCHES}
"""Those of every view, under the name that it has in a link."""
