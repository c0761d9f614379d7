"""The same workers started by Dask: on this machine, or wherever a scheduler has them."""

import contextlib
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cubeview.errors import CubeviewError, Report, nothing
from cubeview.learn.score.work import MOST_UNITS, work

_LOOK_S = 0.5


def work_by_dask(
    folder: Path,
    plan: Path,
    *,
    scheduler: str = "",
    processes: int = 1,
    looked: Callable[[], None] = lambda: None,
    report: Report = nothing,
) -> None:
    """Do all shards of a plan by Dask workers, which see the work folder by the same name.

    Parameters
    ----------
    folder, plan : Path
    scheduler : str
        Address of a scheduler, as ``tcp://node:8786``; empty for workers of this machine.
    processes : int
        Workers that are started where no scheduler is named.
    looked : callable
        Called now and then.
    report : Report

    Raises
    ------
    CubeviewError
        If Dask is not installed, the scheduler does not answer, or has no workers.
    """
    try:
        from distributed import Client, LocalCluster
    except ImportError as error:
        raise CubeviewError(
            "scoring by Dask needs dask.distributed, which is not installed here. Install it with: "
            "pip install distributed, or leave --engine away."
        ) from error
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # it tells each coming and going
    with contextlib.ExitStack() as stack:
        place: Any = scheduler
        if not scheduler:
            place = stack.enter_context(
                LocalCluster(
                    n_workers=processes,
                    threads_per_worker=1,
                    dashboard_address=None,
                    silence_logs=logging.CRITICAL,
                )
            )
        try:
            client = stack.enter_context(Client(place, timeout="20s"))
            count = len(client.scheduler_info(n_workers=-1)["workers"])
        except OSError as error:
            raise CubeviewError(
                f"{scheduler}: no Dask scheduler answers there ({error})."
            ) from error
        if not count:
            raise CubeviewError(f"{scheduler}: this scheduler has no workers. Start some.")
        # A task that is lost with its worker is run again, and finds what it had done.
        left = [client.submit(_share, str(folder), str(plan), number, count, pure=False,
                              retries=10) for number in range(count)]  # fmt: skip
        while left:
            time.sleep(_LOOK_S)
            looked()
            report(0.0, f"{len(left)} Dask workers at it")
            for future in [future for future in left if future.done()]:
                future.result()
                left.remove(future)


def _share(folder: str, plan: str, number: int, count: int) -> None:
    while not work(Path(folder), Path(plan), share=(number, count), most=MOST_UNITS):
        pass
