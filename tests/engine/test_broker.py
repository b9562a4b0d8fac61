"""The embedded broker: loopback until TLS, private files, one server per folder, up again when killed."""

import json
import os
import signal
import socket
import ssl
import stat
import time
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from tocsin.contract.resources import Resources
from tocsin.engine.broker import INGEST, Broker, Device, Tls, subjects_of
from tocsin.model import ConfigError, StoreError
from tocsin.sources.mqtt import Mqtt

GAS = Device(name="g1", publish=("city/gas/g1",))


def until(holds, wait_s=10.0):
    end = time.monotonic() + wait_s
    while not holds() and time.monotonic() < end:
        time.sleep(0.01)
    return holds()


@pytest.mark.parametrize("topics", ["a.b", "a b", "a//b", "a/#/b", "", "a/>", "$SYS/#"])
def test_a_topic_without_a_plain_subject_is_refused(topics):
    with pytest.raises(ConfigError, match="embedded broker"):
        subjects_of(topics)


def test_it_does_not_listen_elsewhere_than_loopback_without_tls(tmp_path):
    with pytest.raises(ConfigError, match="without TLS"):
        Broker(tmp_path, [GAS], host="0.0.0.0")


@pytest.mark.parametrize("devices", [[GAS, GAS], [Device(name=INGEST, publish=("a",))]])
def test_names_of_devices_are_their_own(tmp_path, devices):
    with pytest.raises(ConfigError, match="must differ"):
        Broker(tmp_path, devices)


def test_secrets_are_made_once_and_readable_by_the_owner_alone(tmp_path):
    first, second = Broker(tmp_path, [GAS]), Broker(tmp_path, [GAS])
    assert first.credentials == second.credentials
    assert len(first.credentials["g1"]) >= 32
    broker = first.start()
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir() if path.is_file()}
    broker.stop()
    assert (modes["credentials.json"], modes["broker.conf"]) == (0o600, 0o600)


def test_it_comes_back_on_the_same_port_when_killed(tmp_path):
    broker = Broker(tmp_path, [GAS]).start()
    pid = broker.pid
    os.kill(pid, signal.SIGKILL)
    assert until(lambda: broker.pid not in {None, pid} and broker.healthy())
    assert (broker.restarts, broker.problem()) == (1, "")
    broker.stop()
    assert not broker.healthy()


def test_the_server_of_a_killed_run_is_ended_first(tmp_path):
    lost = Broker(tmp_path, [GAS]).start()
    lost._stopping.set()  # as if our process had been killed: nobody watches the server
    again = Broker(tmp_path, [GAS], port=lost.port).start()
    assert until(lambda: lost.pid is None)
    assert again.healthy()
    again.stop()


def test_a_new_device_is_let_in_while_running(tmp_path):
    broker = Broker(tmp_path, [GAS]).start()
    broker.renew([GAS, Device(name="g2", publish=("city/gas/g2",), secret="s2")])
    device = Client(CallbackAPIVersion.VERSION2, client_id="g2")
    device.username_pw_set("g2", "s2")
    admitted = []
    device.on_connect = lambda _c, _u, _f, reason, _p: admitted.append(not reason.is_failure)
    device.connect("127.0.0.1", broker.port)
    device.loop_start()
    assert until(lambda: True in admitted)
    device.disconnect()
    device.loop_stop()
    broker.stop()


def test_any_port_is_another_one_when_somebody_took_it_meanwhile(tmp_path):
    broker = Broker(tmp_path, [GAS])
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", broker.port))
        taken.listen()
        broker.start()
        assert broker.port != taken.getsockname()[1]
        assert broker.healthy()
    broker.stop()


def test_a_port_that_is_taken_is_said(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        broker = Broker(tmp_path, [GAS], port=taken.getsockname()[1])
        with pytest.raises(StoreError, match="does not start"):
            broker.start(ready_s_max=1.0)


def certificate(folder, name="localhost"):
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
    builder = (
        builder.serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    )
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    signed = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True).sign(
        key, hashes.SHA256()
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "cert.pem").write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(private)
    return str(folder / "cert.pem"), str(folder / "key.pem")


def test_with_tls_a_session_stands_and_a_stranger_s_certificate_is_not_trusted(tmp_path):
    cert, key = certificate(tmp_path)
    broker = Broker(tmp_path / "b", [GAS], host="localhost", tls=Tls(cert_file=cert, key_file=key)).start()
    resources = Resources(secrets={"mqtt": broker.credentials[INGEST]})

    def session(**tls):
        return Mqtt(url=broker.url, user=INGEST, secret="mqtt", routes={"city/#": "readings"}, **tls).start(resources)

    trusting, strict = session(ca_file=cert), session()
    assert broker.url.startswith("mqtts://")
    assert trusting.wait_ready(10)
    assert not strict.wait_ready(0.5)
    with pytest.raises(ssl.SSLError), socket.create_connection(("localhost", broker.port)) as plain:
        ssl.create_default_context().wrap_socket(plain, server_hostname="localhost")
    trusting.close()
    strict.close()
    broker.stop()


def test_the_configuration_has_no_anonymous_user_and_syncs_always(tmp_path):
    said = json.loads(Broker(tmp_path, [GAS])._configuration())
    assert said["jetstream"]["sync_interval"] == "always"
    assert "no_auth_user" not in json.dumps(said)
    assert {user["user"]: user["permissions"]["publish"] for user in said["authorization"]["users"]} == {
        INGEST: {"allow": ["$MQTT.>"]},
        "g1": {"allow": ["city.gas.g1"]},
    }
