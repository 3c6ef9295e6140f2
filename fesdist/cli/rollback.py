"""`fesdist rollback`: let an alias point at the version it had before."""

from __future__ import annotations

import argparse

from fesdist.cli.console import say

NAME = "rollback"
SUMMARY = "Let an alias point at the version it had before its last promotion."
EXAMPLE = "fesdist rollback weights london production"


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("weights", help="weight store: a folder, or s3://bucket/prefix")
    parser.add_argument("name", help="name of the model")
    parser.add_argument("alias", help="for instance production")


def run(arguments: argparse.Namespace) -> int:
    from storage.datasets.store import WeightStore

    store = WeightStore(arguments.weights)
    before = store.aliases(arguments.name).get(arguments.alias)
    version = store.aliases(arguments.name).rollback(arguments.alias).version
    say(f"{arguments.name}@{arguments.alias} is version {version} again, before it was version {before}")
    return 0
