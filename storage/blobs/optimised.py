"""Zarr under `python -O`: it takes a key out of the metadata of groups in an assertion, which is not carried out."""

from __future__ import annotations

from typing import Any

from zarr.core.group import GroupMetadata


def mend_group_metadata() -> None:
    """Have Zarr read groups without assertions as it does with them."""
    read = GroupMetadata.from_dict.__func__  # type: ignore[attr-defined]

    def from_dict(kind: type[GroupMetadata], data: dict[str, Any]) -> GroupMetadata:
        return read(kind, {key: value for key, value in data.items() if key != "node_type"})  # type: ignore[no-any-return]

    GroupMetadata.from_dict = classmethod(from_dict)  # type: ignore[assignment]


if not __debug__:
    mend_group_metadata()
