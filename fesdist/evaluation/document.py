"""What an evaluation found, as one typed document that the weight store keeps beside the version."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from fesdist.evaluation.looks import Looks, Seen
from fesdist.evaluation.scores import METHODS, UNCHANGED, ExpressionScores
from fesdist.ground.letters import escaped
from fesdist.ground.notices import Notice
from storage.blobs.documents import Document, convert, decode, encode
from storage.errors import FormatError

FORMAT_VERSION = 2
"""2 has how outputs look, and photographs without a target; 1, which has no number, only errors."""

_WHAT = "an evaluation"


@dataclass(frozen=True)
class Outside:
    """What a version makes of photographs without a target."""

    folder: str
    digest: str
    """Of the names, sizes and times of the files."""
    photographs: tuple[str, ...]
    """Those that could be used, relative to the folder, as `escaped` tells names; they stand in the place of people."""
    failed: Mapping[str, str]
    """Why the others could not."""
    looks: Mapping[str, Looks]
    """By expression."""
    stretched: tuple[str, ...] = ()
    """Photographs whose proportions are not the model's."""
    strange: Mapping[str, str] = field(default_factory=dict)
    """Why photographs may not lie as those that the version learned from."""

    def methods(self, expression: str) -> tuple[str, ...]:
        """Return whose faces were looked at, in the order of `METHODS`."""
        return tuple(method for method in METHODS if method in self.looks[expression].gradient_energy)

    def seen(self, method: str, expression: str) -> Seen:
        """Return what people see in the faces of a method; sharpness is beside the photographs themselves."""
        return self.looks[expression].seen(method, expression, self.photographs, beside=UNCHANGED)


@dataclass(frozen=True)
class Evaluation:
    """The scores of one version on the people of one split of one stack."""

    name: str
    version: int
    split: str
    """Which people were evaluated: "holdout" or "train"."""
    stack: str
    """Path of the stack."""
    fingerprint: str
    """Digest of the images that were used, so that an evaluation can be told from one on other images."""
    created: str
    """When, ISO 8601 in UTC."""
    expressions: tuple[ExpressionScores, ...]
    left_out: Mapping[str, str] = field(default_factory=dict)
    """Why expressions were not evaluated: nobody in the split has them."""
    input: str = ""
    """Expression of the inputs; "" in older documents."""
    learned_from: Mapping[str, int] = field(default_factory=dict)
    """How many real photographs of each expression the classifier has learned from; none where there is none."""
    outside: Outside | None = None
    notices: tuple[Notice, ...] = ()
    """What was left out, and what makes the scores doubtful; nothing in older documents."""
    not_kept: str = ""
    """Why the store could not keep the evaluation, or ""; no part of the record."""

    @property
    def key(self) -> str:
        """Name under which the store keeps the evaluation; the same images and split give the same key."""
        photographs = f" {self.outside.digest}" if self.outside else ""
        return hashlib.sha256(f"{self.split} {self.fingerprint}{photographs}".encode()).hexdigest()[:16]

    @property
    def trained_on(self) -> tuple[str, ...]:
        """People among those evaluated whom the model has learned from, for whichever expression."""
        return tuple(sorted({person for scores in self.expressions for person in scores.trained_on}))

    def of(self, expression: str) -> ExpressionScores | None:
        """Return the scores of one expression, or None if it was not evaluated."""
        return next((scores for scores in self.expressions if scores.expression == expression), None)

    def to_record(self) -> Document:
        """Return the record that the weight store keeps: plain JSON values."""
        record = {each.name: getattr(self, each.name) for each in fields(self) if each.name != "not_kept"}
        expressions = {scores.expression: scores for scores in self.expressions}
        record |= {"format_version": FORMAT_VERSION, "expressions": expressions, "stack": escaped(self.stack)}
        return decode(Document, encode(record, _WHAT), _WHAT)

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Evaluation:
        """Rebuild the evaluation from its record, of this or an older version; raises FormatError for any other."""
        version, expressions = record.get("format_version", 1), record.get("expressions")
        if not isinstance(version, int) or version > FORMAT_VERSION:
            raise FormatError(
                f"{_WHAT} has format version {version!r}, but this fesdist reads 1 to {FORMAT_VERSION}: upgrade fesdist"
            )
        if isinstance(expressions, Mapping):
            # The first documents had the name of an expression as its key only.
            expressions = [
                {"expression": name, **found} if isinstance(found, Mapping) else found
                for name, found in expressions.items()
            ]
        evaluation = convert(cls, {**record, "expressions": expressions}, _WHAT)
        if fault := evaluation._fault():
            raise FormatError(f"{_WHAT}: {fault}; it was damaged or not written by fesdist")
        return evaluation

    def _fault(self) -> str:
        """Return what does not fit together, or ""."""
        faults = [scores.fault() for scores in self.expressions]
        if self.outside is not None:
            faults += [looks.fault(len(self.outside.photographs)) for looks in self.outside.looks.values()]
        return next(filter(None, faults), "")
