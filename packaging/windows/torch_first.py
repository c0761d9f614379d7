"""Run before anything else in the frozen Windows program.

WORKAROUND pytorch#166628: torch 2.9 and later cannot be imported after Qt has loaded its DLLs.
Worker processes and commands without a window pay for it too; they need torch anyway.
"""

import os

# Worker processes are this program started again; only the first start shows the picture.
os.environ["PYINSTALLER_SUPPRESS_SPLASH_SCREEN"] = "1"

import torch  # noqa: F401 -- loading it is the point
