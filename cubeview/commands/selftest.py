"""``self-test``: the whole job once, on the shipped samples, against stored answers."""

import argparse
import json
from dataclasses import asdict

from cubeview.commands.common import Commands, add_command, add_json, print_json, progress
from cubeview.errors import CubeviewError
from cubeview.paths import resource


def add(commands: Commands) -> None:
    """Add the command of this module."""
    sub = add_command(
        commands,
        "self-test",
        _self_test,
        "open, classify, explain, label and fine-tune the samples; compare with stored answers",
    )
    sub.add_argument(
        "--write", action="store_true", help="in a checkout: store what comes out as the answers"
    )
    add_json(sub)


def _self_test(options: argparse.Namespace) -> int:
    from cubeview.commands.selfchecks import ANSWERS, run_checks
    from cubeview.licences import is_frozen, versions

    if options.write and is_frozen():
        raise CubeviewError("the answers of an installed program cannot be changed.")
    outcomes, bench = run_checks(making=options.write, report=progress())
    failed = sum(outcome.state == "failed" for outcome in outcomes)
    if options.json:
        print_json({"versions": versions(), "checks": [asdict(outcome) for outcome in outcomes]})
    else:
        print(", ".join(f"{name} {version}" for name, version in versions().items()))
        for outcome in outcomes:
            print(
                f"{outcome.state:<8}{outcome.name:<34}{outcome.seconds:6.2f} s  "
                + " ".join(outcome.text.split())
            )
        states = [outcome.state for outcome in outcomes]
        print(f"{states.count('ok')} ok, {failed} failed, {states.count('skipped')} skipped")
    if options.write and not failed:
        path = resource(ANSWERS)
        text = json.dumps(bench.found, indent=1, ensure_ascii=False)
        path.write_text(text + "\n", encoding="utf-8")
        print(path)
    return 1 if failed else 0
