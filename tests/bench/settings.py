"""How a bench is to be run."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the command line says."""

    pairs: int = 5
    threads: int = 1  # of torch, in this process
    workers: int = 0  # processes of the textbook's DataLoader
