"""Rows of a tile, written in a thread of their own behind the one that solves the next."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

from fesdist.families.common.layout import TileArrays
from fesdist.ground.tiles import Region
from storage.datasets.draft import WeightDraft, Written


class RowsBehind:
    """Writes the arrays of a tile to a draft, whose chunks have `chunk` rows, as soon as rows of them are solved."""

    def __init__(self, draft: WeightDraft, region: Region, chunk: int) -> None:
        self._draft, self._region, self._chunk = draft, region, chunk
        self._pool = ThreadPoolExecutor(1, "rows behind")
        self._next = 0
        self._under_way: list[Future[dict[str, str]]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._pool.shutdown(cancel_futures=True)

    def solved(self, arrays: Mapping[str, TileArrays], stop: int) -> None:
        """Write the rows of the tile before `stop`, of whole chunks, which nobody changes any more.

        Raises what writing earlier rows has raised.
        """
        last = stop == self._region.shape[0]
        stop = stop if last else stop // self._chunk * self._chunk
        for written in self._under_way:
            if written.done():
                written.result()
        if stop > self._next:
            self._under_way.append(self._pool.submit(write_rows, self._draft, arrays, self._region, self._next, stop))
            self._next = stop

    def checksums(self) -> dict[str, str]:
        """Wait for the disk, and return the checksums of all chunks; raises as `WeightDraft.write_all`."""
        return {key: checksum for written in self._under_way for key, checksum in written.result().items()}


def write_rows(
    draft: WeightDraft, solved: Mapping[str, TileArrays], region: Region, start: int, stop: int
) -> dict[str, str]:
    """Write rows `start` to `stop` of a tile, whole chunks, and return the checksums of these.

    `solved` are the arrays of the whole tile, by expression. Raises as `WeightDraft.write_all`.
    """
    rows = Region(region.row0 + start, region.row0 + stop, region.col0, region.col1)
    return draft.write_all(
        Written(expression, name, (*(slice(None),) * (values.ndim - 2), *rows.slices), values[..., start:stop, :])
        for expression, arrays in solved.items()
        for name, values in arrays.items()
    )
