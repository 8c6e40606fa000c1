"""A store across hosts speaks TLS; needs a `valkey-server` or `redis-server` on the PATH."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from earmark.clips import State
from earmark.errors import NotRunning, StoreUnreachable
from earmark.messaging.sender import Sender
from earmark.settings import Settings
from earmark.store import Store
from tests.household import Household, furnished, wait_until_done
from tests.integration.test_access import free_port
from tests.wavs import drop

SERVER = shutil.which("valkey-server") or shutil.which("redis-server")
OPENSSL = shutil.which("openssl")


@dataclass(frozen=True)
class Sealed:
    """A house whose store answers nothing but TLS, under a certificate of its own authority."""

    house: Household
    host: str
    authority: Path

    @property
    def url(self) -> str:
        return f"{self.host}?ssl_ca_certs={self.authority}"


@pytest.fixture(scope="module")
def sealed() -> Iterator[Sealed]:
    if SERVER is None or OPENSSL is None:
        pytest.skip("no valkey-server or redis-server, or no openssl, on the PATH")
    with furnished() as house:
        port = free_port()
        authority = certify(house.home)
        command = [
            *(SERVER, "--port", "0", "--tls-port", str(port), "--bind", "127.0.0.1"),
            *("--tls-cert-file", str(house.home / "server.pem")),
            *("--tls-key-file", str(house.home / "server.key")),
            *("--tls-ca-cert-file", str(authority), "--tls-auth-clients", "no"),
            *("--save", "", "--dir", str(house.home), "--requirepass", "secret"),
        ]
        server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        found = Sealed(house, f"rediss://:secret@127.0.0.1:{port}/0", authority)
        try:
            with suppress(NotRunning):
                Store.at(found.url, wait_seconds=10).connection.close()
            if server.poll() is not None:
                pytest.skip(f"{SERVER} was built without TLS")
            yield found
        finally:
            server.terminate()
            server.wait(20)


def certify(folder: Path) -> Path:
    """Make an authority, and a certificate of it for 127.0.0.1; answers the authority's."""
    name = ("-subj", "/CN=an authority of the tests", "-days", "2", "-nodes")
    openssl(
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        *name,
        "-keyout",
        "ca.key",
        "-out",
        "ca.pem",
        folder=folder,
    )
    openssl(
        "req",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-subj",
        "/CN=127.0.0.1",
        "-keyout",
        "server.key",
        "-out",
        "server.csr",
        folder=folder,
    )
    (folder / "names").write_text("subjectAltName = IP:127.0.0.1\n")
    openssl(
        "x509",
        "-req",
        "-in",
        "server.csr",
        "-CA",
        "ca.pem",
        "-CAkey",
        "ca.key",
        "-days",
        "2",
        "-CAcreateserial",
        "-extfile",
        "names",
        "-out",
        "server.pem",
        folder=folder,
    )
    return folder / "ca.pem"


def openssl(*arguments: str, folder: Path) -> None:
    subprocess.run([str(OPENSSL), *arguments], cwd=folder, check=True, capture_output=True)


def test_all_services_speak_tls(sealed: Sealed) -> None:
    house = sealed.house.with_settings(redis_url=sealed.url)
    with house.running("worker") as worker, house.running("producer") as producer:
        worker.wait_until_it_says("ready.")
        producer.wait_until_it_says("watches")
        drop(house.inbox / "7_theo_0.wav")
        store = Store.at(sealed.url)
        [record] = wait_until_done(store, "7_theo_0.wav")
        store.connection.close()

    assert (record.state, record.label) == (State.LABELLED, 7)


def test_a_certificate_that_nobody_known_has_signed_is_refused(sealed: Sealed) -> None:
    with pytest.raises(NotRunning) as refused:
        Store.at(sealed.host)

    assert "CERTIFICATE_VERIFY_FAILED" in str(refused.value.__cause__)


@pytest.mark.parametrize("form", ["rediss", "redis"])
def test_a_broker_gets_no_word_before_it_has_proved_itself(sealed: Sealed, form: str) -> None:
    url = sealed.host.replace("rediss://", f"{form}://")
    sender = Sender(Settings(**sealed.house.settings.model_dump() | {"redis_url": url}))

    with pytest.raises(StoreUnreachable, match="did not accept a task"):
        sender.train(recipe=None, force=False, asked_by="test")
    sender.close()
