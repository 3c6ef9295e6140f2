"""Learn facial expressions from pairs of photographs, and put them on other faces: `import fesdist as fd`.

This is the public list; what is not on it may change without a word. Everything is loaded when it is first used, so
that importing costs nothing.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from fesdist.ground.hidden import check_nothing_hidden, use_own_storage

if TYPE_CHECKING:
    from fesdist.api import (
        BKRRR,
        KRRR,
        LSRF,
        MR,
        OMP,
        PCA,
        SSC,
        BadParameterError,
        ClusterError,
        Colour,
        FesdistError,
        ImageError,
        Lasso,
        LoadedVersion,
        PairingError,
        PixelKR,
        PixelRR,
        PlanError,
        Ridge,
        StorageError,
        TileError,
        draw_faces,
        evaluate,
        export,
        import_weights,
        ingest,
        mask_offsets,
        open,
        promote,
        revision,
        rollback,
        synthesize,
        train,
        tune,
        window_offsets,
        write_report,
    )

    __version__: str

__all__ = [
    "BKRRR",
    "KRRR",
    "LSRF",
    "MR",
    "OMP",
    "PCA",
    "SSC",
    "BadParameterError",
    "ClusterError",
    "Colour",
    "FesdistError",
    "ImageError",
    "Lasso",
    "LoadedVersion",
    "PairingError",
    "PixelKR",
    "PixelRR",
    "PlanError",
    "Ridge",
    "StorageError",
    "TileError",
    "draw_faces",
    "evaluate",
    "export",
    "import_weights",
    "ingest",
    "mask_offsets",
    "open",
    "promote",
    "revision",
    "rollback",
    "synthesize",
    "train",
    "tune",
    "window_offsets",
    "write_report",
]

use_own_storage()


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from fesdist.ground.revision import revision

        return revision()
    if name not in __all__:
        raise AttributeError(f"fesdist has no {name!r}; its public list is fesdist.__all__")
    if "fesdist.api" not in sys.modules:
        check_nothing_hidden()
    from fesdist import api

    return globals().setdefault(name, getattr(api, name))


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
