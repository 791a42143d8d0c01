"""BatchNorm against none: twins that differ in nothing else."""

from ui.frame.views import open_views

open_views("batchnorm")
