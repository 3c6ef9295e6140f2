"""What the pages of a flow run show: tables, the main picture, the report's address, how far a stage is."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any
from uuid import UUID

from prefect import runtime
from prefect.artifacts import Artifact, LinkArtifact, MarkdownArtifact, ProgressArtifact, TableArtifact
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import ArtifactCreate, ArtifactUpdate
from prefect.settings import PREFECT_API_URL

from fesdist.ground.notices import Notice
from flows.telling import TELLER

LARGEST_PICTURE = 1 << 20
"""Bytes of a picture that is kept in Prefect's database; a larger one is in the report only."""
SECONDS_TO_ANSWER = 10.0
"""After which a request is given up, to be repeated or replaced by what is newer."""


def show_table(key: str, rows: list[dict[str, Any]], caption: str) -> None:
    """Show rows with equal keys as a table."""
    _show(TableArtifact(table=rows, key=key, description=caption))


def show_notices(stage: str, notices: Sequence[Notice], what: str) -> None:
    """Show the notices of a stage as a table, if there are any."""
    if notices:
        rows = [notice.to_record() | {"examples": notice.named()} for notice in notices]
        show_table(f"{stage}-notices", rows, f"What was changed, left out or is in doubt: {what}")


def show_picture(key: str, png: bytes, caption: str) -> None:
    """Show a PNG image, which becomes part of the page."""
    if len(png) > LARGEST_PICTURE:
        text = f"{caption}: the picture is too large for this page, see the report"
    else:
        text = f"### {caption}\n\n![{caption}](data:image/png;base64,{base64.b64encode(png).decode()})"
    _show(MarkdownArtifact(markdown=text, key=key, description=caption))


def show_file(key: str, path: Path, caption: str) -> None:
    """Show where a file lies."""
    _show(LinkArtifact(link=path.absolute().as_uri(), link_text=str(path), key=key, description=caption))


class ProgressBar:
    """A bar on the page of a run, made when the server first hears of it."""

    def __init__(self, key: str) -> None:
        self._key = key
        self._created: UUID | None = None

    def show(self, percent: float, text: str) -> None:
        """Let the bar stand at `percent`, 0 to 100, with a text beside it."""
        TELLER.tell(self, partial(self._tell, percent, text))

    def _tell(self, percent: float, text: str) -> None:
        if self._created is None:
            self._created = _create(ProgressArtifact(progress=percent, key=self._key, description=text))
        else:
            _client(PREFECT_API_URL.value()).update_artifact(
                self._created, ArtifactUpdate(data=percent, description=text)
            )


def _show(artifact: Artifact) -> None:
    TELLER.tell((runtime.flow_run.id, artifact.key), partial(_create, artifact))


def _create(artifact: Artifact) -> UUID:
    wanted = ArtifactCreate(
        type=artifact.type,
        key=artifact.key,
        description=artifact.description,
        data=artifact.format(),
        flow_run_id=runtime.flow_run.id,
        task_run_id=runtime.task_run.id,
    )
    return _client(PREFECT_API_URL.value()).create_artifact(wanted).id


@cache
def _client(url: str | None) -> SyncPrefectClient:
    """Return a client of the server at `url`, without one of the embedded server.

    Those of the flows are closed when a flow ends, and wait for longer.
    """
    return get_client(sync_client=True, httpx_settings={"timeout": SECONDS_TO_ANSWER})
