"""``python -m cubeview``: the command line, which opens the window when given no other command."""

import sys

from cubeview.cli import main

if __name__ == "__main__":
    sys.exit(main())
