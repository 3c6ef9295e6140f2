"""The ledger knows whose images are in some sums, and lets no image count twice."""

from __future__ import annotations

import numpy as np
import pytest

from fesdist.families.common.samples import Ledger, Person, Samples
from fesdist.ground.errors import BadParameterError

ANNA, BEN = Person("anna", frozenset({"a1", "a2"})), Person("ben", frozenset({"b1"}))


def test_people_come_and_go() -> None:
    both = Ledger.of([ANNA, BEN])
    assert both.subjects == ("anna", "ben")
    assert both - Ledger.of([ANNA]) == Ledger.of([BEN])
    assert Ledger.of([ANNA]) + Ledger.of([BEN]) == both
    assert both - both == Ledger()


def test_other_images_of_the_same_person_are_added() -> None:
    more = Ledger.of([ANNA]) + Ledger.of([Person("anna", frozenset({"a3"}))])
    assert more.entries == {"anna": {"a1", "a2", "a3"}}
    assert (more - Ledger.of([ANNA])).entries == {"anna": {"a3"}}


def test_no_image_counts_twice_or_is_taken_that_never_came() -> None:
    with pytest.raises(BadParameterError, match="2 images of 'anna' are in both sums"):
        Ledger.of([ANNA, BEN, ANNA])
    with pytest.raises(BadParameterError, match=r"1 images of 'ben' are to be taken away, .* expected images of anna"):
        Ledger.of([ANNA]) - Ledger.of([BEN])
    with pytest.raises(BadParameterError, match="expected images of nobody"):
        Ledger() - Ledger.of([BEN])


def test_samples_are_chosen_with_their_people() -> None:
    samples = Samples(np.arange(2).reshape(2, 1, 1, 1), {"happy": np.arange(2).reshape(2, 1, 1, 1)}, (ANNA, BEN))
    chosen = samples.of(np.array([False, True]))
    assert (len(chosen), chosen.people) == (1, (BEN,))
    assert chosen.targets["happy"].item() == chosen.inputs.item() == 1
    assert Samples(samples.inputs, samples.targets).of(np.array([True, False])).people == ()
