"""How many processor cores the server's own process computes on: one."""

import sys

from streamlit import runtime


def compute_on_one_core() -> None:
    """Have torch use one core for what pages compute in the server itself; to be called once torch is there.

    What a page computes is small: spread over all cores, most of their time is spent waiting for one another,
    and beside other people a change cost eight times as much (augmentation: 0.86 s of processor against
    0.10). The processes that train and compute have numbers of their own, see `jobs.cluster` and `jobs.desk`.
    """
    limit = getattr(
        sys.modules.get("torch"), "set_num_threads", None
    )  # none while it is still being imported
    if limit is not None and runtime.exists():
        limit(1)
