"""The interface for programmes, against the whole of Earmark; no browser is needed."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.error
import urllib.request
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.browser.stack import Dashboard
from tests.household import wait_until


def post(dashboard: Dashboard, path: str, value: Any) -> tuple[int, Any]:
    request = urllib.request.Request(
        dashboard.url + path, json.dumps(value).encode(), {"content-type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def upload(dashboard: Dashboard, name: str, content: bytes, wait: float = 10) -> Any:
    boundary = "----earmark"
    head = f'Content-Disposition: form-data; name="file"; filename="{name}"'
    body = f"--{boundary}\r\n{head}\r\n\r\n".encode() + content
    body += f"\r\n--{boundary}--\r\n".encode()
    kind = {"content-type": f"multipart/form-data; boundary={boundary}"}
    request = urllib.request.Request(f"{dashboard.url}/api/clips?wait={wait}", body, kind)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def some_wav(dashboard: Dashboard, pattern: str = "*.wav") -> bytes:
    return next(dashboard.recordings.glob(pattern)).read_bytes()


def test_a_posted_wav_comes_back_with_its_label(dashboard: Dashboard) -> None:
    found = upload(dashboard, "posted.wav", some_wav(dashboard))

    [clip] = found["clips"]
    assert clip["path"] == "posted.wav"
    assert clip["state"] in {"labelled", "unsure"}
    assert clip["label"] in range(10)


def test_a_name_that_leads_out_of_the_inbox_does_not(dashboard: Dashboard) -> None:
    found = upload(dashboard, "../../../escaped.wav", some_wav(dashboard, "1_*.wav"))

    [clip] = found["clips"]
    assert clip["path"] == "escaped.wav"
    assert (dashboard.house.inbox / "escaped.wav").is_file()


def test_another_clip_of_a_name_that_is_taken_gets_one_of_its_own(dashboard: Dashboard) -> None:
    for pattern in ("2_*.wav", "3_*.wav"):
        found = upload(dashboard, "taken.wav", some_wav(dashboard, pattern))

    assert [clip["path"] for clip in found["clips"]] == ["taken-2.wav"]


def test_a_zip_is_unpacked_into_the_inbox(dashboard: Dashboard, tmp_path: Path) -> None:
    file = tmp_path / "some.zip"
    with zipfile.ZipFile(file, "w") as packed:
        packed.writestr("in a zip/one.wav", some_wav(dashboard, "4_*.wav"))
        packed.writestr("../out.wav", some_wav(dashboard, "5_*.wav"))

    found = upload(dashboard, "some.zip", file.read_bytes())

    assert [clip["path"] for clip in found["clips"]] == ["in a zip/one.wav"]
    assert len(found["refused"]) == 1


def test_what_is_no_wav_fails_with_a_reason(dashboard: Dashboard) -> None:
    found = upload(dashboard, "text.wav", b"this is no wav at all")

    [clip] = found["clips"]
    assert clip["state"] == "failed"
    assert clip["reason"]


def test_a_correction_is_truth_at_once_and_on_disk(dashboard: Dashboard) -> None:
    upload(dashboard, "to correct.wav", some_wav(dashboard, "6_*.wav"))

    status, clip = post(dashboard, "/api/corrections", {"path": "to_correct.wav", "digit": 4})

    assert (status, clip["truth"]) == (200, 4)
    assert dashboard.get("/api/clips/to_correct.wav")["truth"] == 4
    assert "to_correct.wav,4" in dashboard.house.settings.labels_file.read_text()


def test_a_correction_of_a_clip_that_is_not_there_is_refused(dashboard: Dashboard) -> None:
    assert post(dashboard, "/api/corrections", {"path": "nowhere.wav", "digit": 4})[0] == 404
    assert post(dashboard, "/api/corrections", {"path": "nowhere.wav", "digit": 12})[0] == 422


@pytest.mark.parametrize(
    "path", ["../var/labels.csv", "%2e%2e/var/labels.csv", "..%2fvar%2flabels.csv", "%00.wav"]
)
def test_nothing_outside_of_the_inbox_can_be_read(dashboard: Dashboard, path: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        dashboard.get(f"/api/audio/{path}")

    assert refused.value.code in {400, 404}
    refused.value.close()


def test_events_are_told_as_they_happen(dashboard: Dashboard) -> None:
    with urllib.request.urlopen(dashboard.url + "/api/events", timeout=30) as stream:
        upload(dashboard, "told.wav", some_wav(dashboard, "8_*.wav"))
        for line in stream:
            if line.startswith(b"data:"):
                break

    told = json.loads(line.removeprefix(b"data:"))
    assert told["kind"] == "clips"
    assert "told.wav" in [clip["path"] for clip in told["clips"]]


def test_monitors_see_every_service_and_metrics_count_clips(dashboard: Dashboard) -> None:
    with urllib.request.urlopen(dashboard.url + "/metrics", timeout=20) as answer:
        told = answer.read().decode()

    assert dashboard.get("/readyz") == {"ready": True, "missing": []}
    assert dashboard.get("/healthz") == {"alive": True, "missing": []}
    for metric in (
        "earmark_clips", "earmark_queue_depth", "earmark_queue_age_seconds",
        "earmark_latency_seconds_bucket", "earmark_confidence_bucket", "earmark_labels_total",
        "earmark_live_accuracy", "earmark_model_age_seconds", "earmark_heartbeat_age_seconds",
        "earmark_unsure_share",
    ):  # fmt: skip
        assert f"\n{metric}" in told, metric


def test_a_dashboard_that_others_can_reach_refuses_to_start_without_a_token(
    dashboard: Dashboard,
) -> None:
    house = dashboard.house.with_settings(dashboard_host="0.0.0.0")

    ended = house.run("dashboard", seconds=60)

    assert ended.returncode == 1
    assert "EARMARK_DASHBOARD_TOKEN" in ended.stderr


def test_a_port_that_is_taken_is_named(dashboard: Dashboard) -> None:
    ended = dashboard.house.run("dashboard", seconds=60)

    assert ended.returncode == 1
    assert "EARMARK_DASHBOARD_PORT" in ended.stderr


def test_the_interface_keeps_to_its_schema(dashboard: Dashboard) -> None:
    """Schemathesis: no answer is a server's error, and all are as the schema says."""
    pytest.importorskip("schemathesis", reason="schemathesis is not installed")
    checks = "not_a_server_error,status_code_conformance,content_type_conformance"
    schema = f"{dashboard.url}/api/openapi.json"
    done = subprocess.run(
        [
            *(str(Path(sys.executable).with_name("schemathesis")), "run", schema),
            *("--checks", f"{checks},response_schema_conformance"),
            *("--exclude-path", "/api/events", "--exclude-path", "/api/trainings"),
            *("--exclude-path-regex", "promote|rollback", "--max-examples", "6", "--seed", "0"),
            *("--request-timeout", "20", "--phases", "examples,fuzzing"),
        ],
        cwd=dashboard.house.home,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )

    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    wait_until(lambda: dashboard.get("/readyz")["ready"], "the dashboard after all that")
