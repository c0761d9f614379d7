"""The same program without a window: every step as a command.

Each command exits 0, or 2 with a one-line reason on stderr; ``--json`` prints one JSON document
on stdout, of a refusal its reason as ``{"error": …}``. Heavy imports happen inside the command that
needs them.
"""

import argparse
import logging
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from typing import Any, NoReturn, TextIO

from cubeview import __version__
from cubeview.commands import (
    channels,
    convert,
    cutout,
    explore,
    fit,
    give,
    judge,
    kinematics,
    labels,
    lines,
    look,
    make,
    masks,
    measure,
    moments,
    normals,
    pv,
    quality,
    redshift,
    score,
    search,
    selftest,
    smooth,
    spectrum,
    teach,
    trust,
)
from cubeview.commands.common import one_line, print_json
from cubeview.errors import CubeviewError
from cubeview.plain import visible

GROUPS = (
    look, judge, measure, normals, quality, moments, spectrum, fit, pv, channels, cutout, convert,
    smooth, lines, redshift, kinematics, search, score, explore, masks, labels, make, teach, trust,
    give, selftest,
)  # fmt: skip


class _Parser(argparse.ArgumentParser):
    """A parser whose complaint is one line."""

    def error(self, message: str) -> NoReturn:
        if "expected one argument" in message:
            option = message.split()[1].rstrip(":")
            message += f"; where its value begins with a minus write {option}=VALUE"
        print(f"cubeview: {message} (see {self.prog} --help)", file=sys.stderr)
        raise SystemExit(2)


class _Visible:
    """A stream of text in which names of files and what files say command no terminal."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        return self._stream.write(visible(text))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def _visible_output() -> Iterator[None]:
    with ExitStack() as stack:
        for redirect, stream in ((redirect_stdout, sys.stdout), (redirect_stderr, sys.stderr)):
            if stream is not None:  # as in a program without a console
                stack.enter_context(redirect(_Visible(stream)))
        yield


def make_parser(prog: str = "cubeview") -> argparse.ArgumentParser:
    """Return the parser of all commands; the manual and shell completion are made from it."""
    parser = _Parser(prog=prog, description="See a 3-D cube, ask a network, see why.")
    parser.add_argument("--version", action="version", version=f"CubeView {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for group in GROUPS:
        group.add(commands)
    return parser


def commands_of(parser: argparse.ArgumentParser) -> dict[str, tuple[argparse.ArgumentParser, str]]:
    """Return the parsers below a parser with what each is for, by name; a command has none."""
    return {
        choice.dest: (action.choices[choice.dest], choice.help or "")
        for action in parser._actions
        if isinstance(action, argparse._SubParsersAction)
        for choice in action._choices_actions
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command, of the process by default; with only paths, or nothing, open the window.

    Returns the exit status: 0, or 2 when the user has something to mend.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    parser = make_parser()
    if arguments[:1] == ["--self-test"]:  # as an installer's helper or a support person types it
        arguments[0] = "self-test"
    known = (*commands_of(parser), "-h", "--help", "--version")
    if not arguments or arguments[0] not in known:
        arguments = ["open", *arguments]
    options = parser.parse_args(arguments)
    with _visible_output():
        return _run(options)


def _run(options: argparse.Namespace) -> int:
    logging.basicConfig(level=logging.WARNING, format="%(name)s: %(message)s")
    try:
        return int(options.command(options))
    except CubeviewError as error:
        print(f"cubeview: {one_line(error)}", file=sys.stderr)
        if getattr(options, "json", False):
            print_json({"error": one_line(error)})
        return 2
    except KeyboardInterrupt:
        print("cubeview: stopped", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader of our output left (``| head``); what it had wanted it has.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
