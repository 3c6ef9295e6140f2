"""What a run has to notice, as a line of the manifest of its outputs: one that is about no photograph."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime

from fesdist.ground.notices import Notice
from fesdist.inference.record import json_line
from storage.blobs.documents import convert
from storage.errors import FormatError

MOST_KEPT = 100
"""Of one folder: a folder that is watched for years has runs without end."""

_OF_NONE = {"input": None, "status": "run"}
"""What such a line has in the place of a photograph, so that programs may ask all lines for the same."""
_MARK = b'{"input": null,'
"""How it begins; others do not."""


@dataclass(frozen=True)
class RunNote:
    """The notices of a run that has ended."""

    ended: str
    """ISO 8601, UTC."""
    version: str
    settings: str
    """Digest of version and settings, as of `Record`."""
    notices: tuple[Notice, ...]

    @classmethod
    def of(cls, version: str, settings: str, notices: Sequence[Notice]) -> RunNote:
        """Return the note of a run that ends now."""
        return cls(datetime.now(UTC).isoformat(timespec="seconds"), version, settings, tuple(notices))

    def says_no_more_than(self, earlier: RunNote | None) -> bool:
        """Return whether an earlier run had the same to notice."""
        return earlier is not None and self == replace(earlier, ended=self.ended)

    def to_line(self) -> bytes:
        """Return the note as a line of JSON."""
        return json_line(_OF_NONE | asdict(self))

    @classmethod
    def from_line(cls, line: bytes) -> RunNote | None:
        """Return the note of a line, or None for a line that is torn or of another kind."""
        if not line.startswith(_MARK):
            return None
        try:
            return convert(cls, json.loads(line), "a note of a run")
        except (ValueError, RecursionError, FormatError):
            return None
