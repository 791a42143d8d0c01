"""The telling cases of over- and underfitting, in the order of a lesson."""

from dashlab.experiments.fitting.network import CuresConfig
from dashlab.experiments.fitting.settings import (
    CurveConfig,
    DropoutConfig,
    FeaturesConfig,
    SeriesConfig,
    VoteConfig,
)
from dashlab.settings.presets import Preset, by_name

CURVES = by_name(
    Preset(
        "justright",
        "Degree 3: just right",
        "A third degree bends as often as half a sine does. Press New sample some times: the faint lines, "
        "fits of the samples before, stay close together.",
        CurveConfig(degree=3),
    ),
    Preset(
        "toostiff",
        "Degree 1: too stiff",
        "A line cannot follow a sine, whatever the sample. All fits are wrong in the same way: bias² is "
        "larger than the variance.",
        CurveConfig(degree=1),
    ),
    Preset(
        "toobendy",
        "Degree 15 on 20 points: too bendy",
        "The curve passes close to every point and swings in between; the next sample gives another curve "
        "altogether. The training error is small, the validation error huge.",
        CurveConfig(degree=15),
    ),
    Preset(
        "morepoints",
        "Degree 15 on 300 points",
        "The same degree, fifteen times as many points: the variance is gone, and it fits well. More data "
        "is a cure for overfitting.",
        CurveConfig(degree=15, points=300),
    ),
    Preset(
        "ridge",
        "Degree 15, held by L2",
        "L2 keeps all coefficients small, and none becomes 0. The variance falls from trillions to a "
        "fraction, and a little bias comes in: that is the trade.",
        CurveConfig(degree=15, penalty="l2", strength=0.2),
    ),
    Preset(
        "lasso",
        "Degree 15, thinned out by L1",
        "L1 makes more than half of the coefficients exactly 0. Look at the bars of the "
        "coefficients, and at L2 beside it, which makes none 0.",
        CurveConfig(degree=15, penalty="l1", strength=0.1),
    ),
    Preset(
        "noisefloor",
        "Ten points under much noise",
        "Under so much noise the flattest of all fits, a constant, predicts best, although it is wrong "
        "everywhere: what is best depends on the data, not on the truth alone.",
        CurveConfig(degree=0, points=10, noise=2.0),
    ),
    Preset(
        "beyond",
        "More coefficients than points",
        "Eight points and 26 coefficients: of all curves through the points the one with the smallest "
        "coefficients is taken. Move the degree down to 7, where only one is left.",
        CurveConfig(degree=25, points=8),
    ),
)

FEATURES = by_name(
    Preset(
        "peak",
        "As many features as points",
        "Only one fit passes through all points, and it needs huge weights to do so. The error is highest "
        "exactly here, for every seed.",
        FeaturesConfig(at=60),
    ),
    Preset(
        "few",
        "A third as many features",
        "What the textbooks show: with few features the error first falls and then rises again.",
        FeaturesConfig(at=18),
    ),
    Preset(
        "many",
        "Ten times as many features",
        "All points are met exactly, noise included, and the fit is far smoother than with a tenth of the "
        "features: of all fits through the points the smallest is taken.",
        FeaturesConfig(at=600),
    ),
    Preset(
        "tamed",
        "Ridge removes the peak",
        "With λ = 0.02 no peak is left, and the error is lowest far to the right of where it was.",
        FeaturesConfig(at=60, noise=0.5, ridge=0.02, seed=10),
    ),
    Preset(
        "withoutnoise",
        "Without any noise",
        "The peak is still there: it comes from the one fit that must pass through all points, not from "
        "noise alone. Past it the error falls further than it ever was before it.",
        FeaturesConfig(noise=0.0),
    ),
    Preset(
        "oneinput",
        "A single input",
        "With one number as input the features are almost copies of each other, and the peak is no longer "
        "at as many features as points.",
        FeaturesConfig(inputs=1, teacher="sine"),
    ),
)

CURES = by_name(
    Preset(
        "threecures",
        "Three cures on 300 digits",
        "L2, dropout and augmentation in all eight combinations. Augmentation brings most; together with "
        "dropout it is too much, and the network learns even its own pictures badly.",
        CuresConfig(),
    ),
    Preset(
        "penalties",
        "L1 against L2",
        "Both bring the validation loss down on clothes. Look at the weights: L1 drives a good part of them "
        "to 0, L2 only shrinks them.",
        CuresConfig(
            dataset="fashion",
            l1=True,
            l2=True,
            l1_strength=3e-4,
            l2_strength=3e-3,
            dropout=False,
            augment=False,
            measured="loss",
        ),
    ),
    Preset(
        "earlyordata",
        "Stop early, or get more data",
        "Early stopping saves the validation loss and lifts no accuracy. Four times as many pictures bring "
        "the loss down as far, and the accuracy up by some points.",
        CuresConfig(
            dataset="fashion", l2=False, dropout=False, augment=False, stop=True, more=True, measured="loss"
        ),
    ),
    Preset(
        "everycure",
        "All seven cures",
        "128 combinations from one seed: a long training, which goes on when the page is closed.",
        CuresConfig(l1=True, stop=True, more=True, fewer=True, seeds=1),
    ),
    Preset(
        "howmany",
        "From 50 to 2,000 digits",
        "The learning curve: the accuracy rises with the number of pictures, steeply at first. With "
        "augmentation the same accuracy takes about half as many.",
        CuresConfig(task="counts", l2=False, dropout=False),
    ),
)

MASKS = by_name(
    Preset(
        "s20",
        "S20: half of a 5 × 6 tensor",
        "Each number is set to 0 with probability 0.5; those that stay are doubled, so that the mean over "
        "many masks is the tensor again.",
        DropoutConfig(),
    ),
    Preset(
        "evalmode",
        "The same in eval mode",
        "Nothing is dropped and nothing is scaled: the layer gives what it gets.",
        DropoutConfig(mode="eval"),
    ),
    Preset(
        "rarely",
        "One in ten",
        "With p = 0.1 the others are multiplied by 1/0.9 = 1.11, and the mean is close after a few masks.",
        DropoutConfig(p=0.1),
    ),
    Preset(
        "mostly",
        "Nine in ten",
        "With p = 0.9 a number that stays becomes ten times as large. The mean is still right, and it takes "
        "hundreds of masks to see that.",
        DropoutConfig(p=0.9, masks=2000),
    ),
)

VOTES = by_name(
    Preset(
        "hundredvotes",
        "A hundred masks classify one picture",
        "Each mask is a network of its own. Where they disagree, the mean of their probabilities is less "
        "sure than the whole network in eval mode.",
        VoteConfig(),
    ),
    Preset(
        "hardmasks",
        "Four of five units off",
        "With p = 0.8 hardly two masks agree on how sure they are. Compare the spread with that at p = 0.5.",
        VoteConfig(p=0.8, votes=300),
    ),
)

SERIES = by_name(
    Preset(
        "s26",
        "S26: a noisy sine, τ = 4",
        "One step ahead the line follows the sine. On its own it soon leaves it: its errors enter its next "
        "predictions.",
        SeriesConfig(),
    ),
    Preset(
        "onevalue",
        "τ = 1: only the value before",
        "One value does not tell whether the sine rises or falls, and its noise is taken for the truth.",
        SeriesConfig(tau=1, period=60.0),
    ),
    Preset(
        "enough",
        "τ = 16: enough to see the shape",
        "A quarter of the wave is seen: the error comes close to the noise, and even 16 steps ahead it is "
        "hardly larger.",
        SeriesConfig(tau=16, period=60.0),
    ),
    Preset(
        "toomany",
        "τ = 32 from 80 values",
        "33 weights for 48 examples: the training error is the lowest of all, and one step ahead no τ is "
        "worse.",
        SeriesConfig(tau=32, period=60.0, train_count=80),
    ),
    Preset(
        "smallmlp",
        "A small MLP",
        "It fits the training values better than the line does, and new ones worse: on a sine a line is all "
        "that is needed.",
        SeriesConfig(tau=16, period=60.0, model="mlp"),
    ),
)

BY_VIEW = {
    "curve": CURVES,
    "features": FEATURES,
    "network": CURES,
    "dropout": MASKS,
    "votes": VOTES,
    "series": SERIES,
}
"""Those of every view, under the name that it has in a link; the votes stand on the view of dropout."""
