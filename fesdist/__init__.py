"""Learn facial expressions from pairs of photographs, and put them on other faces: `import fesdist as fd`.

This is the public list; what is not on it may change without a word. Everything is loaded when it is first used, so
that importing costs nothing.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

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


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from fesdist.ground.revision import revision

        return revision()
    if name not in __all__:
        raise AttributeError(f"fesdist has no {name!r}; its public list is fesdist.__all__")
    check_nothing_hidden()
    from fesdist import api

    return globals().setdefault(name, getattr(api, name))


def check_nothing_hidden() -> None:
    """Raise ImportError, with both places, where something else is found under the name of a package of ours.

    Python looks beside the script first, so that a `storage.py` there would be taken for the room `storage`.
    """
    ours, found = Path(__file__).parents[1] / "storage", find_spec("storage")
    if found is not None and found.origin is not None and Path(found.origin).parent != ours:
        raise ImportError(
            f"{found.origin} hides the package 'storage' of fesdist, which is in {ours}: give your own file or folder "
            "another name, or run your program from another folder",
            name="storage",
        )


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
