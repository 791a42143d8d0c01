"""Telling cases of descent, in the order of a lesson."""

from dashlab.experiments.descent.backprop_settings import BackpropConfig, text_of_numbers
from dashlab.experiments.descent.classes_settings import ClassesConfig
from dashlab.experiments.descent.points import text_of_points
from dashlab.experiments.descent.settings import LineConfig
from dashlab.experiments.descent.ten_classes_settings import TenClassesLook
from dashlab.settings.presets import Preset, by_name

PLANE = LineConfig(
    data="plane",
    count=1000,
    inputs="normal",
    intercept=4.2,
    noise=0.01,
    batch="mini",
    lr=0.03,
    stop="epochs",
    start_std=0.01,
    seed=0,
)
"""Of the recipe with two weights in S12."""
OUTLIER = LineConfig(
    data="own",
    points=text_of_points(((0, 1), (1, 3), (2, 5), (3, 7), (4, 9), (5, -1))),
    lr=0.1,
    stop="steps",
    steps=300,
)

LINES = by_name(
    Preset(
        "s12",
        "S12: twenty points, until the loss is below 1",
        "y = 2x + 5 with noise of σ = 1, learning rate 0.05, stopped once the loss is below 1. The line "
        "turns to the slope at once, and then creeps up to the intercept: it stops long before it is there.",
        LineConfig(),
    ),
    Preset(
        "s12plane",
        "S12: a thousand points, three epochs",
        "Two inputs, w = (2, −3.4), b = 4.2, batches of 10. After three epochs all three values are right to "
        "0.01. See the table after each epoch.",
        PLANE,
    ),
    Preset(
        "tenth",
        "A tenth of the largest stable rate",
        "The steep direction is gone in a few steps, and along the flat one it hardly moves: after 200 steps "
        "the intercept is still far off.",
        LineConfig(lr=0.0058, stop="steps", steps=200),
    ),
    Preset(
        "above",
        "Just above the largest stable rate",
        "Every step jumps to the other side of the valley and lands a little higher up. Rewind, and play it.",
        LineConfig(lr=0.06, stop="steps", steps=40),
    ),
    Preset(
        "standardised",
        "Standardised: the valley is round",
        "The same points. With standardised inputs the level lines are circles, and every step leads "
        "straight to the lowest point. Try a rate of 1: one step is enough.",
        LineConfig(standardise=True, lr=0.3, stop="steps", steps=20),
    ),
    Preset(
        "outlier",
        "One outlier under the squared loss",
        "Five of the six points lie on one line, and the sixth turns it away from them: squared, an error of "
        "12 counts 144 times as much as one of 1.",
        OUTLIER,
    ),
    Preset(
        "robust",
        "The same outlier under the absolute loss",
        "Now an error counts by its size, and five points outvote the sixth. The line comes close to them, "
        "and wanders about in steps of the size of α.",
        OUTLIER.change(loss="absolute", lr=0.02),
    ),
    Preset(
        "single",
        "One point at a time",
        "Each step follows the gradient of a single point. It comes near soon, and never comes to rest: each "
        "point pulls its own way.",
        LineConfig(batch="single", lr=0.01, stop="epochs", epochs=10),
    ),
)

CLASSES = by_name(
    Preset(
        "s13",
        "S13: two clouds, until the accuracy is above 0.99",
        "A hundred points around (2.7, 2.7) and a hundred around (−0.7, −0.7). The boundary turns into place "
        "within a few steps; the last points take hundreds.",
        ClassesConfig(),
    ),
    Preset(
        "neverthere",
        "A draw that never gets there",
        "The same recipe with another seed. No line classifies more than 0.99 of these points correctly: it "
        "goes on to the last step.",
        ClassesConfig(seed=11),
    ),
    Preset(
        "growing",
        "Separable: the weights never stop growing",
        "A line separates these clouds, so that weights twice as large always have a lower loss. Look at "
        "their length, and at how narrow the pale band becomes.",
        ClassesConfig(mean=2.5, lr=1.0, stops=False, steps=2000),
    ),
    Preset(
        "overlapping",
        "Overlapping: the weights come to rest",
        "The clouds reach into each other. Now a larger weight costs more on the wrong side than it gains on "
        "the right one, and there is a best length.",
        ClassesConfig(mean=0.8, lr=0.1, stops=False),
    ),
    Preset(
        "circles",
        "Circles: where a line must fail",
        "One class lies around the other. No line separates them; the probabilities all end near a half.",
        ClassesConfig(data="circles", lr=0.1, stops=False),
    ),
    Preset(
        "moons",
        "Moons: a line does what it can",
        "Nine in ten are classified correctly, and it ends there: the tips of the moons reach across any "
        "line.",
        ClassesConfig(data="moons", lr=0.1, stops=False),
    ),
)

MAZUR = {
    "w1.1.1": 0.15, "w1.1.2": 0.2, "b1.1": 0.35, "w1.2.1": 0.25, "w1.2.2": 0.3, "b1.2": 0.35,
    "w2.1.1": 0.4, "w2.1.2": 0.45, "b2.1": 0.6, "w2.2.1": 0.5, "w2.2.2": 0.55, "b2.2": 0.6,
    "x1.1": 0.05, "x1.2": 0.1, "y1.1": 0.01, "y1.2": 0.99,
}  # fmt: skip
"""The numbers of Mazur 2015, "A step by step backpropagation example"."""

BACKPROP = by_name(
    Preset(
        "byhand",
        "Two, two and two: a known example",
        "The numbers of Mazur 2015, which many have followed with a pencil. Its first loss is 0.2984, and "
        "the weight w2.1.1 goes from 0.4 to 0.3589.",
        BackpropConfig(by_hand=text_of_numbers(MAZUR)),
    ),
    Preset(
        "manypaths",
        "Three hidden layers: many paths",
        "Choose w1.1.1: from there 18 paths lead to the loss. Each is a product, and their sum is δ; "
        "backpropagation finds it without going through them one by one.",
        BackpropConfig(hidden=(3, 3, 3), activation="tanh", seed=2),
    ),
    Preset(
        "crossentropy",
        "Softmax and cross-entropy: p − y",
        "With softmax and cross-entropy together the last δ is simply p − y: what the network believes less "
        "what is right.",
        BackpropConfig(hidden=(3,), outputs=3, activation="tanh", loss="softmax", seed=1),
    ),
    Preset(
        "batchofeight",
        "A batch of eight",
        "Each derivative is a mean over eight examples. Go through them: their own δ differ, and only the "
        "mean is taken as the step.",
        BackpropConfig(hidden=(3,), batch=8, activation="relu", seed=3),
    ),
    Preset(
        "nothingback",
        "ReLU: nothing comes back",
        "Where a unit's z is below 0, ReLU's slope is 0: its δ is 0, and none of the weights that lead to it "
        "learns anything from this example.",
        BackpropConfig(hidden=(4, 3), activation="relu", output="plain", seed=7),
    ),
)

TEN_CLASSES = by_name(
    Preset(
        "s15hand",
        "S15: softmax regression on clothes",
        "One linear layer, by hand and by torch.nn: the same numbers at every step. Play it, and watch a "
        "shirt, a shoe and a bag appear in the weights.",
        TenClassesLook(),
    ),
    Preset(
        "tendigits",
        "The same on digits",
        "The weights of a 0 are dark in the middle: ink there speaks against it.",
        TenClassesLook(dataset="mnist", train_size=10_000),
    ),
    Preset(
        "toofast",
        "A learning rate of 5",
        "The weights jump from class to class with every batch, and the loss with them.",
        TenClassesLook(lr=5.0, train_size=10_000),
    ),
    Preset(
        "overflow",
        "e^z overflows",
        "The outputs times 100: some e^z is larger than any float32, and the naive softmax gives ∞/∞. The "
        "stable one takes the largest z away first.",
        TenClassesLook(scale=100.0),
    ),
)

BY_VIEW = {"line": LINES, "classes": CLASSES, "softmax": TEN_CLASSES, "backprop": BACKPROP}
"""Those of every view, under the name that it has in a link."""
