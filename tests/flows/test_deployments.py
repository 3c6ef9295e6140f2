"""The deployments of deploy/prefect.yaml on a real server with a process worker."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import yaml  # type: ignore[import-untyped]
from distributed import Client
from PIL import Image
from prefect.events import Event
from prefect.events.schemas.automations import AutomationCore

from fesdist.faces.generate import write_faces
from flows.train import PUBLISHED
from storage.datasets.store import WeightStore
from tests.conftest import REPOSITORY
from tests.flows.site import SCRIPTS, Site, free_port, process, wait_for, write_random_stack

pytestmark = pytest.mark.slow


@pytest.fixture
def abandoned(site: Site) -> Iterator[str]:
    """Leave a flow run open as a crash does: Running, with one heartbeat, watched with little patience meanwhile."""
    (automation,) = yaml.safe_load((REPOSITORY / "deploy" / "automations.yaml").read_text())["automations"]
    automation["trigger"]["within"] = 10  # the least that Prefect allows
    created = site.client.create_automation(AutomationCore.model_validate(automation))
    flow = site.ask("flows/", name="abandoned")["id"]
    run = str(site.ask("flow_runs/", flow_id=flow, state={"type": "RUNNING"})["id"])
    heartbeat = Event(event="prefect.flow-run.heartbeat", resource={"prefect.resource.id": f"prefect.flow-run.{run}"})
    site.client.request("POST", "/events", json=[heartbeat.model_dump(mode="json")])
    assert site.state(run) == "Running"
    yield run
    # It would call others' runs crashed between two of their heartbeats.
    site.client.delete_automation(created)


def test_nightly_training_is_scheduled_for_three_in_the_morning(site: Site) -> None:
    filters = {"flows": {"name": {"any_": ["train"]}}, "flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}}}
    runs = wait_for(lambda: site.ask("flow_runs/filter", **filters), 60, "scheduled flow run")
    assert all("T03:00:00" in run["expected_start_time"] for run in runs)
    assert len(runs) > 1


def test_whole_job_runs_and_shows_its_results(site: Site) -> None:
    write_faces(site.folder / "pairs", 12, 64, ("neutral", "happy"), seed=0)
    write_faces(site.folder / "photographs", 2, 64, ("neutral",), seed=1)
    run = site.start("whole-job/everything", training={"window": 3}, workers=0)
    assert site.end(run) == "Completed"
    artifacts = site.artifacts(run)
    assert {"errors", "faces", "report", "train-progress"} <= set(artifacts)
    assert "data:image/png;base64," in artifacts["faces"]
    assert "report.html" in artifacts["report"]
    assert '"happy"' in artifacts["errors"]
    assert (site.folder / "report.html").is_file()
    assert len(list((site.folder / "synthesized" / "happy").rglob("*.png"))) == 2


NIGHT = {"stack": "night.zarr", "name": "night", "window": 3, "workers": 0}


@pytest.fixture(scope="module")
def night(site: Site) -> WeightStore:
    """Have a version made by the nightly training, and return the store."""
    write_random_stack(site.folder / "night.zarr", side=32, people=6)
    assert site.end(site.start("train/nightly", **NIGHT)) == "Completed"
    return WeightStore(str(site.folder / "weights"))


def test_nightly_training_moves_the_candidate_and_tells_of_the_version(site: Site, night: WeightStore) -> None:
    assert night.aliases("night")["candidate"] == 1
    published = {"event": {"name": [PUBLISHED]}, "resource": {"id": ["fesdist.weights.night"]}}
    events = wait_for(lambda: site.ask("events/filter", filter=published)["events"], 30, "event of the version")
    assert [(event["payload"]["name"], event["payload"]["version"]) for event in events] == [("night", 1)]

    assert site.end(site.start("train/nightly", **NIGHT)) == "Completed"
    assert [manifest.version for manifest in night.versions("night")] == [1], "nothing had changed"


def test_folder_is_synthesized_by_the_version_in_production(site: Site, night: WeightStore) -> None:
    night.aliases("night").promote(1, "production")
    photograph = site.folder / "folder" / "stranger.png"
    photograph.parent.mkdir()
    Image.fromarray(np.random.default_rng(1).integers(0, 256, (32, 32, 3), np.uint8)).save(photograph)
    parameters = {"photographs": "folder", "out": "folder-out", "reference": "night@production"}
    assert site.end(site.start("synthesize/folder", **parameters)) == "Completed"
    assert (site.folder / "folder-out" / "inverted" / "stranger.png").is_file()


@pytest.fixture
def scheduler(tmp_path: Path) -> Iterator[str]:
    """Start a Dask scheduler and a worker, as docs/operations.md tells to, in a folder that is not the flow's."""
    address = f"tcp://127.0.0.1:{free_port()}"
    environment = {**os.environ, "DASK_CONFIG": str(REPOSITORY / "deploy" / "dask.yaml")}
    dask = SCRIPTS / "dask"
    loopback = ("--host", "127.0.0.1", "--dashboard-address", "127.0.0.1:0")
    start = (dask, "scheduler", *loopback, "--port", address.rpartition(":")[2])
    work = (dask, "worker", address, *loopback, "--nworkers", "1", "--nthreads", "1", "--memory-limit", "2GiB")
    with (
        process(*start, log=tmp_path / "scheduler.log", env=environment, cwd=tmp_path),
        process(*work, log=tmp_path / "worker.log", env=environment, cwd=tmp_path),
    ):
        yield address


def test_cancelling_a_flow_run_stops_its_dask_tasks_and_keeps_the_tiles(site: Site, scheduler: str) -> None:
    side = 1024
    write_random_stack(site.folder / "large.zarr", side, people=4)
    store = WeightStore(str(site.folder / "weights"))
    # Little memory makes small tiles; they are many, and none takes long to end after the others were cancelled.
    large = {"stack": "large.zarr", "name": "large", "window": 11, "ridge": 0.4, "memory": "560MiB"}
    run = site.start("train/nightly", scheduler=scheduler, **large)
    wait_for(lambda: sum(draft.n_receipts for draft in store.drafts("large")), 90, "stored tile")
    site.prefect("flow-run", "cancel", run)
    assert site.end(run) == "Cancelled"
    with Client(scheduler, set_as_default=False) as client:  # type: ignore[no-untyped-call]
        wait_for(lambda: not any(client.processing().values()), 10, "end of the tasks on the workers")
    (draft,) = store.drafts("large")
    rows, cols = draft.job["tile_shape"]
    assert draft.n_receipts < side // rows * (side // cols)
    assert store.versions("large") == []
    assert "Traceback" not in (site.folder / "worker.log").read_text()


def test_a_run_that_a_crash_left_open_is_closed_by_the_automation(site: Site, abandoned: str) -> None:
    wait_for(lambda: site.state(abandoned) == "Crashed", 60, f"crash of the run, but {site.state(abandoned)}")
