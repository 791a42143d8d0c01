"""How people read the choices that more than one setting offers; what only one offers stands at that one."""

from collections.abc import Mapping

DATASET_NAMES = {"mnist": "MNIST", "fashion": "Fashion-MNIST", "cifar10": "CIFAR-10"}
"""The sets that come with dashlab."""

NETWORK_NAMES = {"softmax": "Softmax", "mlp": "MLP", "lenet": "LeNet", "cnn": "CNN", "resnet": "ResNet"}

ACTIVATION_NAMES = {
    "relu": "ReLU",
    "leaky_relu": "Leaky ReLU",
    "elu": "ELU",
    "selu": "SELU",
    "gelu": "GELU",
    "silu": "SiLU",
    "tanh": "Tanh",
    "sigmoid": "Sigmoid",
    "none": "None",
}

INITIALIZER_NAMES = {
    "pytorch": "PyTorch's own",
    "normal": "Normal",
    "xavier_uniform": "Xavier, uniform",
    "xavier_normal": "Xavier, normal",
    "kaiming_uniform": "Kaiming, uniform",
    "kaiming_normal": "Kaiming, normal",
    "orthogonal": "Orthogonal",
    "zeros": "Zeros",
}
"""Those that draw every layer by the same rule."""

OPTIMIZER_NAMES = {
    "sgd": "SGD",
    "adagrad": "AdaGrad",
    "rmsprop": "RMSProp",
    "adadelta": "Adadelta",
    "adam": "Adam",
    "adamw": "AdamW",
    "nadam": "NAdam",
    "radam": "RAdam",
    "adamax": "Adamax",
}
"""What can train a network on batches."""

SURFACE_OPTIMIZER_NAMES = {**OPTIMIZER_NAMES, "rprop": "Rprop", "lbfgs": "L-BFGS"}
"""What can run on a surface: also two that need the gradient of the whole loss, not of a batch."""


def some_of(names: Mapping[str, str], *choices: str) -> dict[str, str]:
    """The names of these choices alone, in this order."""
    return {choice: names[choice] for choice in choices}
