"""Networks: built from a `ModelConfig`, initialised from a seed, inspected layer by layer."""

from dashlab.training.models.inspect import LayerRow, layers, layers_of
from dashlab.training.models.networks import Shape, build, memory_format

__all__ = ["LayerRow", "Shape", "build", "layers", "layers_of", "memory_format"]
