"""Zarr under `python -O`: 3.1 takes a key out of the metadata of groups in an assertion, which is not carried out."""

from __future__ import annotations

from typing import Any

from zarr.core.group import GroupMetadata


def mend_group_metadata() -> None:
    """Have Zarr read groups without assertions as it does with them; later ones also say where a group is."""
    read = GroupMetadata.from_dict.__func__  # type: ignore[attr-defined]

    def from_dict(kind: type[GroupMetadata], /, data: dict[str, Any], **others: Any) -> GroupMetadata:
        without = {key: value for key, value in data.items() if key != "node_type"}
        return read(kind, without, **others)  # type: ignore[no-any-return]

    GroupMetadata.from_dict = classmethod(from_dict)  # type: ignore[assignment]


if not __debug__:
    mend_group_metadata()
