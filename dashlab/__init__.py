"""dashlab: train small neural networks on real data and see what every setting does."""

__version__ = "0.1.0"
