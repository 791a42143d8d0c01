"""The telling cases of the comparison of optimizers."""

from dashlab.experiments.optimizers.network import NetworkRace
from dashlab.experiments.optimizers.settings import AverageConfig, BatchConfig, PlaneConfig
from dashlab.experiments.optimizers.surface_presets import SURFACE
from dashlab.settings.lists import text_of
from dashlab.settings.optim import OptimConfig
from dashlab.settings.presets import Preset, by_name

_MOMENTUM = (OptimConfig(lr=0.01), OptimConfig(lr=0.01, momentum=0.9),
             OptimConfig(lr=0.01, momentum=0.9, nesterov=True))  # fmt: skip
_ZOO = (
    *_MOMENTUM[:2],
    *(
        OptimConfig(optimizer=name, lr=0.01)
        for name in ("adagrad", "rmsprop", "adam", "nadam", "radam", "adamax")
    ),
)
_ADAPTIVE = (
    OptimConfig(optimizer="adagrad", lr=0.1, eps=1e-8),
    OptimConfig(optimizer="rmsprop", lr=0.1, alpha=0.9, eps=1e-8),
    OptimConfig(optimizer="adam", lr=0.1, eps=1e-8),
)
_LINEAR = (
    OptimConfig(lr=0.1),
    OptimConfig(lr=0.1, momentum=0.9),
    OptimConfig(optimizer="adagrad", lr=0.1),
    OptimConfig(optimizer="rmsprop", lr=0.1, alpha=0.9),
    OptimConfig(optimizer="adam", lr=0.1),
)

NETWORK = by_name(
    Preset(
        "netmomentum",
        "Momentum against plain SGD",
        "At one small learning rate: along a steady slope momentum 0.9 comes to steps that are ten times as "
        "long.",
        NetworkRace(racers=text_of(_MOMENTUM), seeds=3),
    ),
    Preset(
        "netzoo",
        "The optimizer zoo at 0.01",
        "The same number means something else to each: at 0.01 plain SGD has hardly begun to learn when Adam "
        "is nearly done.",
        NetworkRace(racers=text_of(_ZOO)),
    ),
    Preset(
        "netadam",
        "Adam at three rates",
        "0.1 is far too bold; 0.01 and 0.001 end close together. Adam needs a learning rate too, with more "
        "room around it.",
        NetworkRace(
            racers=text_of(OptimConfig(optimizer="adam", lr=lr) for lr in (0.1, 0.01, 0.001)), seeds=3
        ),
    ),
    Preset(
        "netsweep",
        "Sweep: SGD against Adam",
        "Learning rates 0.1, 0.01 and 0.001 for both. Which column is best depends on the row: "
        "SGD needs the largest, and Adam does not tolerate it.",
        NetworkRace(
            task="grid",
            racers=text_of((OptimConfig(), OptimConfig(optimizer="adam"))),
            lr_low=0.001,
            lr_high=0.1,
            lr_count=3,
            seeds=2,
        ),
    ),
    Preset(
        "netlinear",
        "A linear layer, three sizes of batch",
        "Batch, mini-batch and stochastic gradient descent at one rate of 0.1: what is calm with all samples "
        "can blow up with one.",
        NetworkRace(task="linear", racers=text_of(_LINEAR)),
    ),
    Preset(
        "netnoise",
        "Pure noise: SGD with momentum",
        "10,000 samples whose targets nothing can predict: 50 steps with all of them, 200 epochs with "
        "batches of 64. The loss ends at about 1, the variance of the targets. With one sample a step it "
        "stays above.",
        NetworkRace(
            task="linear",
            racers=text_of((OptimConfig(lr=0.01, momentum=0.9),)),
            targets="noise",
            samples=10_000,
            passes=200,
            full_passes=50,
        ),
    ),
    Preset(
        "netadaptive",
        "Pure noise: AdaGrad, RMSProp, Adam",
        "1,000 samples whose targets nothing can predict, 50 steps with all of them. At the same rate of 0.1 "
        "AdaGrad and Adam come to rest on the dotted line; RMSProp goes on jumping above it.",
        NetworkRace(task="linear", racers=text_of(_ADAPTIVE), targets="noise", samples=1000, full_passes=50),
    ),
)

PLANE = by_name(
    Preset(
        "planeripples",
        "The usual momentum of 0.9",
        "Both directions swing around the minimum: more momentum than this bowl needs.",
        PlaneConfig(),
    ),
    Preset(
        "planeplain",
        "No momentum, at its best",
        "The largest step that helps the flat direction makes the steep one jump across at every step.",
        PlaneConfig(lr=1.98, momentum=0.0),
    ),
    Preset(
        "planebest",
        "The fastest there is",
        "As near as the sliders come to where both directions are critically damped: about ten times as many "
        "digits per step as without momentum, once the wide swings of the first steps are over.",
        PlaneConfig(lr=3.31, momentum=0.68),
    ),
    Preset(
        "planedamped",
        "Over-damped",
        "Too small a learning rate: momentum helps, and still the flat direction only creeps.",
        PlaneConfig(lr=0.2, momentum=0.6, shown=200),
    ),
    Preset(
        "planeborder",
        "Just over the border",
        "At αλ = 2 + 2β the steep direction stops converging; a little beyond, it runs away.",
        PlaneConfig(lr=3.1, momentum=0.5),
    ),
    Preset(
        "planeravine",
        "A ravine of 1 to 1,000",
        "The worse the bowl is conditioned, the more momentum pays: here about thirty times as many digits "
        "per step as without.",
        PlaneConfig(condition=1000.0, lr=3.76, momentum=0.89, shown=200),
    ),
    Preset(
        "planenesterov",
        "Nesterov's momentum",
        "It damps the steep direction, so ripples die sooner, but large learning rates no longer converge.",
        PlaneConfig(nesterov=True, lr=1.0, momentum=0.9),
    ),
)

BATCHES = by_name(
    Preset(
        "batchcount",
        "100 samples, 50 epochs",
        "50 updates with the full batch, 250 with batches of 20 and 5,000 with one sample, all of the same "
        "5,000 samples.",
        BatchConfig(),
    ),
    Preset(
        "batchdecay",
        "A falling learning rate",
        "With shorter and shorter steps even one sample at a time calms down, and the full batch has too few "
        "updates to arrive.",
        BatchConfig(decay=0.2),
    ),
    Preset(
        "batchsizes",
        "256, 64, 16 and 4",
        "A quarter of the batch: four times the updates, and about twice the noise of the gradient.",
        BatchConfig(samples=256, batches=(64, 16, 4)),
    ),
    Preset(
        "batchlarge",
        "Too large a step for one sample",
        "What the full batch tolerates makes one sample at a time diverge: its steepest single bowl counts.",
        BatchConfig(lr=0.3),
    ),
    Preset(
        "batchsorted",
        "Never shuffled",
        "Samples from left to right: the path of one sample runs in circles, once around in every epoch.",
        BatchConfig(shuffle="sorted"),
    ),
    Preset(
        "batchclean",
        "Points without noise",
        "All samples agree at the lowest point, so the noise of the gradient vanishes there, and one sample "
        "at a time gets furthest.",
        BatchConfig(noise=0.0),
    ),
)

AVERAGES = by_name(
    Preset(
        "emausual",
        "The usual 0.9",
        "Momentum's and Adam's own: an average over about ten values.",
        AverageConfig(),
    ),
    Preset(
        "emabias",
        "Adam's second moment",
        "β = 0.999 averages over a thousand values: without correction it is less than a fifth of the value "
        "for all of these 200 steps.",
        AverageConfig(beta=0.999, series="constant", at=20),
    ),
    Preset(
        "emalag",
        "Late after a jump",
        "β = 0.98 is smooth, and fifty steps after the jump it has followed two thirds of it.",
        AverageConfig(beta=0.98, series="jump", at=120),
    ),
    Preset(
        "emamany",
        "Four memories side by side",
        "Less noise is paid for with more delay; no β has both.",
        AverageConfig(neighbours=True, noise=1.0, at=60),
    ),
    Preset(
        "emanone",
        "No memory at all",
        "At β = 0 the average is the last value: plain SGD.",
        AverageConfig(beta=0.0),
    ),
)

BY_VIEW = {"surface": SURFACE, "net": NETWORK, "plane": PLANE, "batches": BATCHES, "ema": AVERAGES}
"""Those of every view, under the name that it has in a link."""
