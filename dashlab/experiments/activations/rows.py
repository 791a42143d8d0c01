"""What is found of activations: curves, zones, kinks, layers, units, costs; nothing here needs torch."""

from dataclasses import dataclass

from dashlab.training.histograms import Histogram

FLAT = 0.01
"""An activation is saturated where its slope is closer to 0 than this: a gradient loses 99 % there."""
OFTEN = 0.95
"""A unit is saturated where it is so for at least this share of the pictures."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """Where along x an activation is saturated, within what is looked at."""

    low: float
    high: float
    dead: bool  # the slope is exactly 0: nothing at all comes back


@dataclass(frozen=True, slots=True, kw_only=True)
class Kink:
    """A place where value or slope jumps."""

    x: float
    slope_before: float
    slope_after: float
    slope_at: float  # what autograd takes exactly there
    jump: float  # of the value; 0 for most


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """One activation along x."""

    title: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    slope: tuple[float, ...]
    zones: tuple[Zone, ...]
    kinks: tuple[Kink, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalRow:
    """What N(0, 1) has become after one layer; numbers are over all units and inputs."""

    layer: int  # from 1
    mean: float
    std: float
    between: float  # std of a unit's outputs over the inputs: root mean square over the units
    zeros: float  # share of the outputs that are exactly 0
    saturated: float  # share of the inputs of the activation at which its slope is within `FLAT` of 0
    gradient: float  # root mean square of the slope: by about this a gradient is multiplied on its way back
    outputs: Histogram


@dataclass(frozen=True, slots=True, kw_only=True)
class LayeredSignal:
    """One activation, layer by layer."""

    title: str
    gain: float  # g of N(0, g²/n)
    rows: tuple[SignalRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerUnits:
    """The units of one activation layer in a trained network, over some pictures.

    A unit of a convolution is a channel: its values are those at all places of all pictures.
    """

    name: str  # dotted path inside the network
    kind: str  # class, such as "ReLU"
    units: int
    dead: float  # share of the units whose slope is exactly 0 for every picture and place: they do not learn
    saturated: float  # share of the units whose slope is within `FLAT` of 0 in at least `OFTEN` of all values
    flat: float  # share of all values at which the slope is within `FLAT` of 0
    zeros: float  # share of all outputs that are exactly 0
    shares: Histogram  # over the units: in which share of its values a unit's slope is within `FLAT` of 0


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkUnits:
    """The units of a trained network, layer by layer, and how well it classifies."""

    layers: tuple[LayerUnits, ...]
    pictures: int  # so many test pictures they were looked at with
    accuracy: float | None  # on all test pictures, 0 to 1; None where the run was not evaluated
    guessing: float | None  # the accuracy of always predicting the largest class, likewise


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a call of an activation takes, in nanoseconds for each number: medians over the calls."""

    title: str
    forward_ns: float
    both_ns: float  # forward and backward
