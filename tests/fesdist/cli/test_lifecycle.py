"""plan, train, versions, promote and rollback as a user types them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from distributed import LocalCluster

from fesdist.cli import tune
from fesdist.cli.main import main
from fesdist.planning import ahead
from tests.fesdist.training.stacks import write_stack


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_stack(tmp_path_factory.mktemp("stack") / "stack.zarr", lacking={"sad": [0]}))


def _train(stack: str, weights: Path, *options: str) -> int:
    return main(["train", stack, str(weights), "--name", "random", "--window", "3", "--workers", "0", *options])


def test_plan_tells_what_a_run_will_cost(stack: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", stack, "--window", "3", "--ridge", "0.4", "--workers", "2", "--memory", "512MiB"]) == 0
    printed = capsys.readouterr().out
    assert "9 taps in 3 x 3, ridge 0.4, colour shared" in printed
    assert "happy (9 pairs), sad (8 pairs)" in printed
    assert "1 of 40 x 40 pixels, one task each" in printed
    assert "of 512.0 MiB allowed, each worker" in printed


@pytest.mark.parametrize(("cores", "told"), [(1, "this process"), (3, "this process, 3 tiles at once")])
def test_plan_tells_what_this_process_trains_at_once(
    cores: int, told: str, stack: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fesdist.ground.machine.cores", lambda: cores)
    # As if the small image had many chunks, and so many tiles.
    monkeypatch.setattr("fesdist.training.plan.LARGEST_TILE", 16)
    monkeypatch.setattr("fesdist.training.plan.chunk_side", lambda job, stack: 16)
    assert main(["plan", stack, "--window", "3", "--ridge", "0.4", "--workers", "0"]) == 0
    printed = capsys.readouterr().out
    assert "9 of 16 x 16 pixels, one task each" in printed
    assert re.search(rf"workers +{told}\n", printed)
    assert re.search(r"memory .* of 1.0 GiB allowed\n", printed)


def test_plan_as_json(stack: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", stack, "--json", "--colour", "per-channel"]) == 0
    plan = json.loads(capsys.readouterr().out)
    assert plan["regressions"] == 3 * 40 * 40
    assert plan["samples"] == {"happy": 9, "sad": 8}
    # 25 taps and a bias in float64, the l1 norm, a status, the mean difference and alpha for every pixel and channel.
    assert plan["stored_bytes"] == 2 * 40 * 40 * 3 * (26 * 8 + 8 + 1 + 4 + 4 + 3 * 4)
    assert plan["projected_bytes"] <= plan["allowed_bytes"]
    assert plan["chosen_by_the_run"] == ["ridge", "pool", "mirror"]
    assert main(["plan", stack]) == 0
    assert "mr, ridge, pool, mirror chosen by the run, colour shared" in capsys.readouterr().out


def test_the_life_of_a_model(stack: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    weights = str(tmp_path / "weights")
    assert _train(stack, tmp_path / "weights") == 0
    out, err = capsys.readouterr()
    assert "published random version 1" in out
    assert "MSE x 100" in out
    assert "largest memory of this process: " in out
    assert " projected for this process, " in err
    assert "worker" not in out + err  # as there was none
    assert _train(stack, tmp_path / "weights", "--ridge", "2") == 0
    assert main(["promote", weights, "random", "1", "--as", "production"]) == 0
    assert main(["promote", weights, "random", "2", "--as", "production", "--note", "smoother"]) == 0
    assert "random@production is version 2, before it was version 1" in capsys.readouterr().out
    assert main(["rollback", weights, "random", "production"]) == 0
    assert "random@production is version 1 again, before it was version 2" in capsys.readouterr().out
    assert main(["versions", weights]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "random"
    first, second = (line for line in lines if "mr 9 taps" in line)
    assert first.endswith("production")
    assert "ridge 2" in second
    assert main(["versions", weights, "--timing"]) == 0
    timing = capsys.readouterr().out
    assert "random@2: seconds by step, then of" in timing
    assert all(phase in timing for phase in ("refinement", "tiles: read", "tiles: solve", "tiles: write"))
    assert main(["versions", weights, "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)["random"]
    assert listed["aliases"] == {"production": 1}
    assert [version["version"] for version in listed["versions"]] == [1, 2]
    assert set(listed["versions"][0]["metrics"]["expressions"]) == {"happy", "sad"}
    for number in (1, 2):
        # Also when nothing is left but the alias.
        (tmp_path / f"weights/random/versions/{number}.json").unlink()
        assert main(["versions", weights]) == 1
        assert "alias random@production names version 1, which is not there; restore that" in capsys.readouterr().err


def test_a_store_that_is_not_there_is_no_empty_store(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["versions", str(tmp_path / "typo")]) == 1
    assert f"there is no weight store in {tmp_path / 'typo'}" in capsys.readouterr().err
    (tmp_path / "ann.jpg").write_bytes(b"")
    for command in ("versions", "versions --clean", "history m", "history m x", "show m", "promote m 1 --as x"):
        name, *others = command.split()
        assert main([name, str(tmp_path), *others]) == 1
        assert f"{tmp_path} is no weight store: it holds ann.jpg" in capsys.readouterr().err


def test_an_unchanged_stack_is_not_trained_again_when_asked(
    stack: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _train(stack, tmp_path, "--if-changed") == 0
    capsys.readouterr()
    assert _train(stack, tmp_path, "--if-changed") == 0
    assert capsys.readouterr().out == (
        "random version 1 was trained from the same images and settings; nothing to do\n"
    )


def test_interrupted_runs_are_listed_and_cleaned(
    stack: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*arguments: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("fesdist.training.run.summarise", interrupt)
        assert _train(stack, tmp_path) == 130
    assert "fesdist: interrupted; what was finished is stored" in capsys.readouterr().err
    assert main(["versions", str(tmp_path)]) == 0
    assert "has no models yet" in capsys.readouterr().out
    assert main(["versions", str(tmp_path), "--json", "--name", "random"]) == 0
    listed = json.loads(capsys.readouterr().out)["random"]
    assert (listed["versions"], listed["unpublished"][0]["tiles"]) == ([], 1)
    for hours in ("nan", "-1"):
        assert main(["versions", str(tmp_path), "--clean", f"--older-than={hours}"]) == 1
        assert f"--older-than {hours}: expected hours, 0 or more" in capsys.readouterr().err
    assert main(["versions", str(tmp_path), "--clean", "--older-than", "1"]) == 0
    assert capsys.readouterr().out == "nothing to remove: no interrupted runs\n"
    assert main(["versions", str(tmp_path), "--clean"]) == 0
    assert "removed an interrupted run of random: 1 tile, " in capsys.readouterr().out
    assert not list(tmp_path.glob("random/data/*"))
    assert main(["versions", str(tmp_path), "--clean", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"removed": [], "left_alone": []}


def test_a_damaged_manifest_is_a_warning_and_an_exit_code(
    stack: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _train(stack, tmp_path)
    _train(stack, tmp_path, "--ridge", "2")
    (tmp_path / "random" / "versions" / "1.json").write_bytes(b"")
    capsys.readouterr()
    assert main(["versions", str(tmp_path)]) == 1
    printed = capsys.readouterr()
    assert "ridge 2" in printed.out
    assert printed.err.startswith("warning: version random@1 in ")
    assert "restore that manifest from a copy" in printed.err
    assert main(["versions", str(tmp_path), "--json"]) == 1
    listed = json.loads(capsys.readouterr().out)["random"]
    assert [version["version"] for version in listed["versions"]] == [2]
    assert list(listed["damaged"]) == ["1"]


def test_metrics_that_cannot_be_read_keep_no_other_version_from_the_list(
    stack: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for ridge in ("1", "2", "3"):
        _train(stack, tmp_path, "--ridge", ridge)
    for number, damage in ((1, {"expressions": {"happy": 7}}), (3, {"phases": {"read": 0.0}})):
        manifest = tmp_path / f"random/versions/{number}.json"
        found = json.loads(manifest.read_text())
        manifest.write_text(json.dumps(found | {"metrics": found["metrics"] | damage}))
    capsys.readouterr()
    assert main(["versions", str(tmp_path), "--timing"]) == 1
    printed = capsys.readouterr()
    assert [ridge for ridge in ("ridge 1", "ridge 2", "ridge 3") if ridge in printed.out] == ["ridge 2", "ridge 3"]
    assert "random@2: seconds by step, then of" in printed.out
    assert "random@3 does not tell where its time went" in printed.out
    (told,) = printed.err.splitlines()
    assert told.startswith("warning: metrics of random@1: Expected `object`, got `int`")
    assert "restore that manifest from a copy" in told
    assert main(["versions", str(tmp_path), "--json"]) == 1
    listed = json.loads(capsys.readouterr().out)["random"]
    assert [version["version"] for version in listed["versions"]] == [2, 3]
    assert list(listed["damaged"]) == ["1"]


def test_a_version_of_a_later_release_is_not_called_damaged(
    stack: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _train(stack, tmp_path)
    manifest = tmp_path / "random/versions/1.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"format_version": 9}))
    capsys.readouterr()
    assert main(["versions", str(tmp_path)]) == 1
    (told,) = capsys.readouterr().err.splitlines()
    assert told.endswith("format version 9, but this fesdist reads fesdist-weights up to version 4: upgrade fesdist")


def test_plan_asks_a_scheduler_for_its_workers(
    stack: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with LocalCluster(
        n_workers=1,
        threads_per_worker=3,
        processes=False,
        dashboard_address="127.0.0.1:0",
        protocol="tcp",
        host="127.0.0.1",
    ) as there:
        options = ("--memory", "400MiB", "--json")
        assert main(["plan", stack, "--window", "3", "--scheduler", there.scheduler_address, *options]) == 0
        assert json.loads(capsys.readouterr().out)["workers"] == 3
        monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", there.scheduler_address)
        monkeypatch.setattr("fesdist.cli.plan.CLUSTER_SECONDS", 1e6)
        assert main(["plan", stack, "--window", "3", *options]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["workers"] == 3
    assert found["seconds"] < 1e6


def test_whoever_waits_for_the_compiler_is_told(
    stack: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    compiled: list[str] = []
    monkeypatch.setattr(ahead, "compile_ahead", lambda calls: compiled.extend(calls) or True)
    monkeypatch.setattr(tune, "nothing_is_kept", lambda: True)
    said = "compiling for this processor, once"
    given = [stack, "--window", "3", "--model", "mr", "--workers", "0"]
    for command in (
        ["plan", *given],
        ["train", *given[:1], str(tmp_path), *given[1:], "--name", "a", "--ridge", "0.1"],
    ):
        assert main(command) == 0
        assert said in capsys.readouterr().err
    assert compiled == ["mr", "mr-choice", "mr"], "with a ridge that is said nothing is chosen"
    assert main(["tune", *given, "--ridge", "0.1,1", "--out", str(tmp_path / "tuned.toml")]) == 0
    assert said in capsys.readouterr().err
    # A cluster elsewhere compiles elsewhere.
    assert main(["train", stack, str(tmp_path), "--name", "a", "--scheduler", "tcp://127.0.0.1:9"]) == 1
    assert said not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--model", "gan"], "unknown model 'gan'"),
        (["--window", "4"], "4 x 4 pixels has no pixel at its centre"),
        (["--ridge", "-1"], "expected a number above 0"),
        (["--expressions", "angry"], "'angry' is not among the targets"),
        (["--memory", "1MiB"], "1 MiB are allowed"),
    ],
)
def test_bad_settings_are_one_line_and_exit_code_1(
    stack: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], complaint: str
) -> None:
    arguments = ["train", stack, str(tmp_path), "--name", "random", "--workers", "0", *options]
    assert main(arguments) == 1
    starting, error = capsys.readouterr().err.splitlines()
    assert starting == "fesdist train: starting"
    assert error.startswith("fesdist: error: ")
    assert complaint in error


@pytest.mark.parametrize("size", ["lots", "-1GiB", "5 parsecs", "0"])
def test_a_size_that_is_none_is_wrong_usage(stack: str, size: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["plan", stack, f"--memory={size}"])
    assert stopped.value.code == 2
    assert "is no size; expected for instance 512MiB or 2GB" in capsys.readouterr().err
