"""Keep the garbage collector off what stays as long as the program.

While modules are imported hundreds of thousands of objects come into being and none goes, and
Python's collector looks through all of them again and again, holding every thread meanwhile.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def lasting() -> Iterator[None]:
    """Import or build something for good: nothing is collected meanwhile, nor looked at later."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if enabled:
            gc.enable()
