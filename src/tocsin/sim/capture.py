"""Captures: what was sent, with its times, in a file that a replay reads; and the truth beside it."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec
from msgspec import Struct

from tocsin.city.context import City
from tocsin.model import BadInput
from tocsin.sim.emission import Channel, Emission
from tocsin.sim.scenario import Scenario
from tocsin.sim.truth import Truth
from tocsin.sim.world import World

CAPTURE = "capture.ndjson"
TRUTH = "truth.json"


class Captured(Struct, frozen=True, omit_defaults=True):
    """One line of a capture file."""

    at: float
    channel: Channel
    address: str
    payload: str
    device: str = ""


_decoder = msgspec.json.Decoder(Captured)
_truths = msgspec.json.Decoder(Truth)


def simulate(
    scenario: Scenario,
    seed: int,
    city: City,
    folder: Path,
    *,
    start_at: float | None = None,
    duration_s: float | None = None,
) -> tuple[int, Truth]:
    """Let the city live and write capture and truth into `folder`: (messages, truth)."""
    folder.mkdir(parents=True, exist_ok=True)
    world = World(scenario, seed, city, start_at=start_at, duration_s=duration_s)
    count = write_capture(folder / CAPTURE, world.emissions())
    truth = world.truth()
    (folder / TRUTH).write_bytes(msgspec.json.format(msgspec.json.encode(truth), indent=1))
    return count, truth


def write_capture(path: Path, emissions: Iterable[Emission]) -> int:
    """Write emissions as lines; gives their number."""
    count = 0
    with path.open("wb") as file:
        for emission in emissions:
            line = Captured(emission.at, emission.channel, emission.address, emission.payload.decode(), emission.device)
            file.write(msgspec.json.encode(line) + b"\n")
            count += 1
    return count


def read_capture(path: Path) -> Iterator[Emission]:
    """The emissions of a capture, in order; raises BadInput naming the line that is none."""
    with path.open("rb") as file:
        for number, raw in enumerate(file, start=1):
            try:
                line = _decoder.decode(raw)
            except msgspec.MsgspecError as error:
                raise BadInput(f"{path.name}, line {number} is not a line of a capture: {error}.") from error
            yield Emission(line.at, line.channel, line.address, line.payload.encode(), line.device)


def read_truth(folder: Path) -> Truth:
    """The truth beside a capture; raises BadInput where there is none or it is damaged."""
    try:
        return _truths.decode((folder / TRUTH).read_bytes())
    except (OSError, msgspec.MsgspecError) as error:
        raise BadInput(f"{folder / TRUTH} holds no truth: {error}. Make one with `tocsin simulate`.") from error
