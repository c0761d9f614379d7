"""Where the frozen program starts."""

import multiprocessing

if __name__ == "__main__":
    # Before anything else is imported: a worker process is this same program started again, and
    # it must not open a window of its own.
    multiprocessing.freeze_support()

    import sys

    from cubeview.cli import main

    sys.exit(main())
