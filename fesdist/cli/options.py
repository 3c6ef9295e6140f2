"""Options that several commands share."""

from __future__ import annotations

import argparse
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fesdist.cluster.settings import ClusterSettings

_UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30}


def byte_size(text: str) -> int:
    """Return the bytes that a text such as 512MiB or 1.5GB names."""
    match = re.fullmatch(r"([\d.]+)\s*([A-Za-z]*)", text.strip())
    try:
        if match and (n_bytes := int(float(match[1]) * _UNITS[match[2].upper()])) > 0:
            return n_bytes
    except (ValueError, KeyError, OverflowError):
        pass
    raise argparse.ArgumentTypeError(f"{text!r} is no size; expected for instance 512MiB or 2GB")


def megapixels(text: str) -> int:
    """Return the pixels that a number of megapixels means."""
    from fesdist.images.decode import MEGAPIXEL

    try:
        pixels = round(float(text) * MEGAPIXEL)
    except (ValueError, OverflowError):
        pixels = 0
    if pixels < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no limit; expected megapixels such as 64")
    return pixels


def name_list(text: str) -> list[str]:
    """Return the names in a comma-separated list."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        raise argparse.ArgumentTypeError(f"{text!r} names nothing; leave the option out to mean all")
    return names


def add_pixel_limit_option(parser: argparse.ArgumentParser) -> None:
    """Add --pixel-limit, in megapixels; None, the default, is `PIXEL_LIMIT`."""
    parser.add_argument(
        "--pixel-limit",
        type=megapixels,
        metavar="MEGAPIXELS",
        help="refuse larger photographs before decoding them (default: 64)",
    )


def add_expressions_option(parser: argparse._ActionsContainer, what: str) -> None:
    """Add --expressions, a list separated by commas that may be given several times; None means all."""
    parser.add_argument(
        "--expressions",
        type=name_list,
        action="extend",
        metavar="LIST",
        help=f"{what} these only, separated by commas (default: all)",
    )


def add_cluster_options(parser: argparse.ArgumentParser) -> None:
    """Add --scheduler, --workers and --memory."""
    group = parser.add_argument_group("where it is computed")
    group.add_argument("--scheduler", metavar="URI", help="address of a running Dask scheduler, tcp://host:8786")
    group.add_argument(
        "--workers", type=int, metavar="N", help="local processes (default: one a core; 0: this process)"
    )
    add_memory_option(group, "a worker")


def add_memory_option(parser: argparse._ActionsContainer, who: str) -> None:
    """Add --memory; None, the default, is `DEFAULT_MEMORY`."""
    parser.add_argument("--memory", type=byte_size, metavar="SIZE", help=f"memory {who} may use (default: 1GiB)")


def cluster_settings(arguments: argparse.Namespace) -> ClusterSettings:
    """Return the settings that the options of `add_cluster_options` describe."""
    from fesdist.cluster.settings import DEFAULT_MEMORY, ClusterSettings

    return ClusterSettings(arguments.scheduler, arguments.workers, arguments.memory or DEFAULT_MEMORY)


def add_json_option(parser: argparse.ArgumentParser) -> None:
    """Add --json."""
    parser.add_argument("--json", action="store_true", help="print JSON for programs instead of tables for people")
