"""A damaged document is named and passed over; it blocks neither lists nor names for ever."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from fesdist.cli.main import main
from storage.datasets.store import WeightStore
from storage.errors import FormatError, MismatchError
from tests.drafts import create_draft
from tests.storage.conftest import WEIGHTS, publish

DRAFT = '{"format": "fesdist-draft", "format_version": 1, "created": "%s", "job": {}}'


@pytest.fixture
def root(store: WeightStore) -> Path:
    """Return the folder of a model with two versions, an alias, an evaluation and an interrupted run."""
    for number in (1, 2):
        publish(store, "london", f"job-{number}", seed=number)
    store.aliases("london").promote(1, "production")
    store.evaluations("london", 1).put("aaaa", {"mse": 1.0})
    create_draft(store, "london", "job-3", WEIGHTS, {})
    return Path(store.uri) / "london"


@pytest.mark.parametrize(
    ("document", "content", "said"),
    [
        ("aliases/production/1.json", "\0", "alias london@production cannot be read"),
        ("evaluations/1/aaaa.json", "\0", "an evaluation of london@1 is damaged"),
        ("drafts/job-3/job.json", "\0", "an interrupted run of london cannot be continued"),
        ("drafts/job-3/job.json", DRAFT % "yesterday", "an interrupted run of london cannot be continued"),
        ("drafts/job-3/job.json", DRAFT % "2026-11-27T10:00:00", "an interrupted run of london cannot be continued"),
    ],
)
def test_a_list_names_it_and_says_what_to_do(
    store: WeightStore, root: Path, capsys: pytest.CaptureFixture[str], document: str, content: str, said: str
) -> None:
    (root / document).write_text(content)
    for words in ([], ["--json"]):
        assert main(["versions", store.uri, *words]) == 1
        told = capsys.readouterr()
        assert said in told.err
        assert "1970" not in told.out or words
    # The cures that are told work.
    store.aliases("london").promote(2, "production")
    store.evaluations("london", 1).put("aaaa", {"mse": 2.0})
    assert [draft.id for draft in store.clean("london")] == ["job-3"]
    assert main(["versions", store.uri]) == 0


def test_an_alias_whose_moves_are_gone_is_named(
    store: WeightStore, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (root / "aliases/production/1.json").unlink()
    store.aliases("london").promote(2, "another")
    assert main(["versions", store.uri]) == 1
    told = capsys.readouterr().err
    assert "alias london@production has lost its moves; restore that document" in told
    assert "london@another" not in told
    assert store.delete("london", 1).version == 1


def test_what_others_put_beside_models_and_aliases_is_none(
    store: WeightStore, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("lost+found", "my notes", "2026"):
        (root.parent / name / "versions").mkdir(parents=True)
        (root / "aliases" / name).mkdir()
    assert main(["versions", store.uri]) == 0
    assert "lost+found" not in capsys.readouterr().out
    assert [draft.id for draft in store.clean()] == ["job-3"]
    assert list(store.aliases("london")) == ["production"]


@pytest.mark.parametrize("damaged", [b"{bad", b'{"sequence": 2, "previous": 2}'])
def test_a_damaged_move_is_named_and_its_cure_works(
    store: WeightStore, root: Path, capsys: pytest.CaptureFixture[str], damaged: bytes
) -> None:
    store.aliases("london").promote(2, "production")
    entry = root / "aliases/production/2.json"
    whole = json.loads(entry.read_bytes())
    entry.write_bytes(damaged if damaged == b"{bad" else json.dumps(whole | json.loads(damaged)).encode())
    cure = f"`fesdist promote {store.uri} london VERSION --as production`"
    for command in ("versions", "history london production", "rollback london production"):
        name, *others = command.split()
        assert main([name, store.uri, *others]) == (name != "history")
        told = capsys.readouterr()
        assert "entry 2 of alias 'production' of 'london'" in told.err
        assert told.err.rstrip().endswith(cure)
        assert (name == "history") == bool(re.search(r"^ *production +promote +1 ", told.out, re.MULTILINE))
    for before in ("one that nobody knows, as its last move is damaged", "version 1"):
        assert main(["promote", store.uri, "london", "1", "--as", "production"]) == 0
        assert capsys.readouterr().out == f"london@production is version 1, before it was {before}\n"
    assert main(["versions", store.uri]) == 0
    capsys.readouterr()
    assert main(["history", store.uri, "london", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [move["sequence"] for move in found["moves"]] == [1, 3, 4]
    assert [(lost["alias"], lost["sequence"]) for lost in found["damaged"]] == [("production", 2)]
    assert main(["rollback", store.uri, "london", "production"]) == 0
    assert main(["rollback", store.uri, "london", "production"]) == 1
    assert capsys.readouterr().err.rstrip().endswith(cure)


def test_a_damaged_claim_stops_nobody(store: WeightStore, root: Path) -> None:
    (root / "drafts/job-3/claims/somebody").mkdir(parents=True)
    (root / "drafts/job-3/claims/somebody/claim.json").write_bytes(b"\x00")
    assert [draft.id for draft in store.clean("london")] == ["job-3"]


def test_a_damaged_tombstone_still_takes_its_number(store: WeightStore, root: Path) -> None:
    store.delete("london", 2)
    (root / "versions/2.deleted.json").write_bytes(b"\x00")
    assert [tombstone.data for tombstone in store.deleted("london")] == ["data/job-2"]
    (root / "versions/2.json").write_bytes(b"\x00")
    assert [tombstone.version for tombstone in store.deleted("london")] == [2]
    assert publish(store, "london", "job-4") == 3


def test_a_whole_model_goes_whatever_is_damaged_of_it(store: WeightStore, root: Path) -> None:
    (root / "versions/1.json").write_bytes(b"\x00")
    with pytest.raises(FormatError):
        store.delete("london", 2)
    with (
        store.open_draft("london", "job-3").claimed(),
        pytest.raises(MismatchError, match="london' is being trained by process"),
    ):
        store.delete_model("london")
    assert main(["delete", store.uri, "london"]) == 1
    assert main(["delete", store.uri, "london", "1", "--all"]) == 1
    assert main(["delete", store.uri, "london", "--all", "--note", "all wrong"]) == 0
    assert {tombstone.version: tombstone.note for tombstone in store.deleted("london")} == {
        1: "all wrong",
        2: "all wrong",
    }
    assert sorted(path.name for path in root.iterdir() if any(path.iterdir())) == ["versions"]
    assert store.names() == []
    assert publish(store, "london", "job-5") == 3
