"""`fesdist promote`: let a name such as `production` point at a version."""

from __future__ import annotations

import argparse

from fesdist.cli.console import say

NAME = "promote"
SUMMARY = "Let an alias point at a version; jobs that use the alias follow at once."
EXAMPLE = "fesdist promote weights london 1 --as production"


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("weights", help="weight store: a folder, or s3://bucket/prefix")
    parser.add_argument("name", help="name of the model")
    parser.add_argument("version", type=int, help="number of the version")
    parser.add_argument(
        "--as", dest="alias", required=True, metavar="ALIAS", help="for instance production or candidate"
    )
    parser.add_argument("--note", default="", help="why, kept in the alias's history")


def run(arguments: argparse.Namespace) -> int:
    from storage.datasets.store import WeightStore

    store = WeightStore(arguments.weights)
    before = store.aliases(arguments.name).get(arguments.alias)
    store.aliases(arguments.name).promote(arguments.version, arguments.alias, note=arguments.note)
    was = f", before it was version {before}" if before is not None else ""
    say(f"{arguments.name}@{arguments.alias} is version {arguments.version}{was}")
    return 0
