"""The idx format, in which MNIST and its kin are published.

Source:
    LeCun, http://yann.lecun.com/exdb/mnist/: two zero bytes, the type (8: unsigned byte), the number of
    dimensions, each dimension as a big-endian 32-bit integer, then the values in row-major order.
"""

import math
import struct

import torch
from torch import Tensor

from dashlab.errors import DataError

_UNSIGNED_BYTE = 8


def read_idx(data: bytes | bytearray, shape: tuple[int, ...], *, name: str) -> Tensor:
    """The values of an idx file as a uint8 tensor of its own memory.

    Args:
        data: the whole file.
        shape: what the file must hold, [N] for labels, [N, H, W] for pictures: that of the tensor, too.
        name: what to call the file in an error.

    Raises:
        DataError: the file is not idx, or holds something else.
    """
    start = 4 + 4 * len(shape)
    expected = struct.pack(f">HBB{len(shape)}I", 0, _UNSIGNED_BYTE, len(shape), *shape)
    if bytes(data[:start]) != expected or len(data) != start + math.prod(shape):
        raise DataError(
            f"{name} is damaged: it does not hold {' × '.join(map(str, shape))} bytes in idx format."
        )
    return torch.frombuffer(bytearray(data), dtype=torch.uint8, offset=start).reshape(shape)


def write_idx(values: Tensor) -> bytes:
    """A uint8 tensor of any shape, such as [N] or [N, H, W], as an idx file."""
    header = struct.pack(f">HBB{values.dim()}I", 0, _UNSIGNED_BYTE, values.dim(), *values.shape)
    return header + values.contiguous().numpy().tobytes()
