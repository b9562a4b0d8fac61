"""`tocsin add mqtt`: listen to a broker, propose how its messages are read, write what was confirmed."""

import secrets
from collections import Counter
from collections.abc import Mapping as Table
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from msgspec import Struct

from tocsin.app.config import EMBEDDED, FILE, load_settings
from tocsin.app.edit import put_entry
from tocsin.app.layout import free_name, keep_secret, secrets_of
from tocsin.app.registering import Spot, register, sensor_of
from tocsin.city.registry import Sensor
from tocsin.contract.intake import mapping_named, topic_matches
from tocsin.contract.resources import Resources, content_folder
from tocsin.formats.mapping import Mapped, Mapping, Reader, Value, propose
from tocsin.formats.mapping import Proposal as Guess
from tocsin.formats.mapping.declare import document_of
from tocsin.model import BadInput, NotFound
from tocsin.sources.mqtt import Mqtt, samples

OFTEN_MIN = 3
"""So many messages while we listened make a sensor one that speaks often."""

SENSORS_MAX = 500
"""Most sensors that one offer registers; further ones wait as staged newcomers."""

SAMPLE_CHARS_MAX = 100
"""How much of a message is shown."""

NOTHING: Table[str, Any] = {}

Heard = Sequence[tuple[str, bytes]]
"""Topics and payloads as they came."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Which broker to listen to, and as whom. `password` is empty where the broker asks for none."""

    url: str
    user: str = ""
    password: str = ""
    ca_file: str = ""


class Offer(Struct, frozen=True, kw_only=True):
    """One way to read one kind of topic, to be confirmed.

    `name` names the mapping, `preset` says that it is one of ours. `guesses` are to be checked
    by eye; `unread` are reasons for messages that could not be read, with their number.
    """

    filter: str
    messages: int
    name: str
    mapping: Mapping
    sensors: tuple[Sensor, ...]
    preset: bool = False
    guesses: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()


def listen(broker: Access, topic: str, wait_s: float) -> Heard:
    """What is published within `wait_s`; raises ConfigError, or NotFound for silence."""
    declared = Mqtt(
        url=broker.url,
        routes={topic: "readings"},
        user=broker.user,
        secret="listening" if broker.password else "",
        ca_file=broker.ca_file,
    )
    heard = samples(declared, Resources(secrets={"listening": broker.password}), wait_s)
    if not heard:
        message = f"Nothing was published on {topic!r} within {wait_s:g} s"
        raise NotFound(f"{message}: listen longer with --listen-s, or to other topics with --topic.")
    return heard


def topic_rows(heard: Heard) -> list[dict[str, Any]]:
    """Every topic with its number of messages and the last one, cut and without control characters."""
    counts, last = Counter(topic for topic, _ in heard), dict(heard)
    return [
        {
            "type": "topic",
            "topic": _shown(topic),
            "messages": counts[topic],
            "sample": _shown(last[topic].decode(errors="replace")),
        }
        for topic in sorted(counts)
    ]


def _shown(text: str) -> str:
    cut = text if len(text) <= SAMPLE_CHARS_MAX else f"{text[: SAMPLE_CHARS_MAX - 1]}…"
    return "".join(letter if letter.isprintable() else "·" for letter in cut)


def offers(heard: Heard, spot: Spot, known: Table[str, Any] = NOTHING) -> list[Offer]:
    """What could be read of what was heard; raises BadInput where no field of it is known.

    `known` are the parameters of the input that listens to this broker already: what is heard
    on a topic that it has keeps the name of its mapping.
    """
    own, routes = known.get("mappings", {}), known.get("routes", {})
    names = {*own, *(path.stem for path in (content_folder() / "mappings").glob("*.yaml"))}
    found = []
    for guess in propose(heard):
        name = _name_of(guess, routes.get(guess.filter), own, names)
        names.add(name)
        found.append(_offer(guess, name, heard, spot))
    if not found:
        message = "Messages came, but no field of them is known: declare a mapping under `mappings` of an mqtt input."
        raise BadInput(message)
    return found


def _speakerof(filter: str) -> str:
    """A mapping is named after the last whole level of its topics."""
    levels = [level for level in filter.split("/") if level not in {"+", "#", ""}]
    return "".join(letter if letter.isalnum() else "-" for letter in levels[-1]) if levels else "messages"


def _said(guess: Guess, reader: Reader, heard: Heard) -> tuple[dict[str, list[Mapped]], Counter[str]]:
    """What each speaker said on these topics, and what could not be read, by reason."""
    unread: Counter[str] = Counter()
    said: dict[str, list[Mapped]] = {}
    for topic, payload in heard:
        if topic_matches(guess.filter, topic) and (one := _read(reader, topic, payload, unread)) is not None:
            said.setdefault(one.source, []).append(one)
    return said, unread


def _name_of(guess: Guess, kept: str | None, own: Table[str, Any], names: set[str]) -> str:
    """The name of its preset, the one that its mapping has already, or a new one."""
    return guess.preset or (kept if kept is not None and kept in own else free_name(_speakerof(guess.filter), names))


def _offer(guess: Guess, name: str, heard: Heard, spot: Spot) -> Offer:
    reader = Reader(guess.mapping) if guess.mapping is not None else mapping_named(guess.preset, {}, Resources())
    said, unread = _said(guess, reader, heard)
    sensors = tuple(_sensor(speaker, said[speaker], spot, name) for speaker in sorted(said)[:SENSORS_MAX])
    return Offer(
        filter=guess.filter,
        messages=guess.messages,
        name=name,
        mapping=reader.mapping,
        sensors=sensors,
        preset=guess.mapping is None,
        guesses=guess.guesses,
        ignored=guess.ignored,
        unread=tuple(f"{count} times: {reason}" for reason, count in unread.most_common()),
    )


def _sensor(id: str, said: Sequence[Mapped], spot: Spot, mapping: str) -> Sensor:
    tags = {str(body["is"]) for one in said for _, body in one.bodies}
    return sensor_of(id, tags, spot, often=len(said) >= OFTEN_MIN, mapping=mapping)


def _read(reader: Reader, topic: str, payload: bytes, unread: Counter[str]) -> Mapped | None:
    """What a message says, or None; why something could not be read is counted."""
    try:
        said = reader.read(payload, topic)
    except BadInput as error:
        unread[str(error)] += 1
        return None
    unread.update(said.problems if said is not None else ())
    return said


def value_text(value: Value) -> str:
    """What a value is taken for, with its unit, in words.

    >>> value_text(Value(quantity="concentration", path="cl2", substance="chlorine", unit="ppm"))
    'cl2 is chlorine, a concentration in ppm'
    """
    what = value.substance or value.name
    kind = _kind(value)
    return f"{value.path or 'every message'} is {f'{what}, {kind}' if what else kind}"


def _kind(value: Value) -> str:
    article = "an" if value.quantity[0] in "aeiou" else "a"
    return f"{article} {value.quantity}" + (f" in {value.unit}" if value.unit else "")


def offer_row(offer: Offer) -> dict[str, Any]:
    """An offer as one row of JSON."""
    return {
        "type": "proposal",
        "filter": offer.filter,
        "messages": offer.messages,
        "mapping": offer.name,
        "values": [value_text(value) for value in offer.mapping.values],
        "sensors": [sensor.id for sensor in offer.sensors],
        "guesses": list(offer.guesses),
        "ignored": list(offer.ignored),
        "unread": list(offer.unread),
    }


def input_of(folder: Path, url: str) -> tuple[str, dict[str, Any]]:
    """The name and parameters of the input that listens to this broker already, or of a new one.

    Its client id is made once: the broker keeps our session, and what we missed, under it.
    """
    settings = load_settings(folder)
    for name, plan in settings.inputs.items():
        if plan.kind == "mqtt" and plan.parameters.get("url") == url:
            return name, dict(plan.parameters)
    wanted = "devices" if url == EMBEDDED else "sensors"
    name = free_name(wanted, set(settings.inputs))
    return name, {"url": url, "client_id": f"tocsin-{secrets.token_hex(4)}"}


def write(folder: Path, url: str, broker: Access, accepted: Sequence[Offer]) -> tuple[str, list[Sensor]]:
    """Write the input with its mappings, and the sensors; gives the input's name and the new sensors.

    `url` is what the configuration says: that of the broker, or `embedded`.
    """
    name, parameters = input_of(folder, url)
    if url != EMBEDDED:
        parameters |= _identity(folder, name, broker)
    new = {offer.filter: offer.name for offer in accepted}
    parameters["routes"] = {**new, **{key: one for key, one in parameters.get("routes", {}).items() if key not in new}}
    own = {offer.name: document_of(offer.mapping) for offer in accepted if not offer.preset}
    if mappings := {**parameters.get("mappings", {}), **own}:
        parameters["mappings"] = mappings
    put_entry(folder / FILE, "inputs", name, {"kind": "mqtt", "parameters": parameters})
    return name, register(folder, [sensor for offer in accepted for sensor in offer.sensors])


def _identity(folder: Path, name: str, broker: Access) -> dict[str, str]:
    """User, the name of the secret, and the authority, as far as there are any."""
    if broker.password and secrets_of(folder).get(name) != broker.password:
        keep_secret(folder, name, broker.password)
    said = {"user": broker.user, "secret": name if broker.password else "", "ca_file": broker.ca_file}
    return {key: value for key, value in said.items() if value}
