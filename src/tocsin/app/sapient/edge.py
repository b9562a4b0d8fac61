"""The points that an edge node must hold, while we play its fusion node."""

import time
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from tocsin.app.sapient.channel import Came, Channel, Wire
from tocsin.app.sapient.points import Point, held, untried
from tocsin.formats import sapient
from tocsin.formats.sapient import ICD, Message
from tocsin.model import ConfigError

HELD_BACK_S = 1.0
"""So long we wait with the answer to a registration: a sound node waits for it."""

ANSWER_S_MAX = 10.0
"""So long a task may take to be answered."""

SKEW_S_MAX = 10.0
BEATS = 3
"""Status reports that are awaited."""

_UNITS_S = {1: 1e-9, 2: 1e-6, 3: 1e-3, 4: 1.0, 5: 60.0, 6: 3_600.0, 7: 86_400.0}


def check_edge(wire: Wire, watch_s: float) -> list[Point]:
    """Register it, watch it, ask it, irritate it, and see whether it comes back."""
    channel = wire.connect()
    first = channel.next(wire.wait_s)
    if first is None or first.kind != "registration":
        seen = first.kind or "bytes that cannot be read" if first else channel.ended or "nothing came"
        return [held("the first message is a registration", [seen])]
    early = channel.next(HELD_BACK_S)
    points = [
        held("the first message is a registration"),
        held("the registration is sound", first.problems),
        _version(first.said),
        held("it waits until the registration is answered", [f"a {early.kind} came before"] if early else ()),
    ]
    node = first.said.node_id
    channel.say(sapient.accepted(), node)
    interval_s = _interval_s(first.said.registration)
    points += _beats(channel, interval_s, watch_s)
    points += _tasks(channel, node, interval_s)
    points += _nonsense(channel, node, interval_s, watch_s)
    points += _overall(channel, first)
    return [*points, _comes_back(wire, channel, node)]


def _version(said: Message) -> Point:
    told = said.registration.icd_version
    wrong = [f"{told!r} instead of {ICD!r}"] if told.strip().casefold() != ICD.casefold() else []
    return held("it speaks version 2 of the standard", wrong)


def _interval_s(registration: Message) -> float:
    told = registration.status_definition.status_interval
    return float(told.value) * _UNITS_S.get(told.units, 0.0)


def _beats(channel: Channel, interval_s: float, watch_s: float) -> Iterator[Point]:
    """Status reports come as often as it registered, and the first one is news."""
    if interval_s <= 0:
        yield held("it registers a status interval", [f"{interval_s:g} s"])
        return
    began, beats = time.time(), list[Came]()
    while len(beats) < BEATS and time.time() - began < watch_s:
        one = channel.until(lambda came: came.kind == "status_report", 1.5 * interval_s + 1.0)
        if one is None:
            break
        beats.append(one)
    name = f"a status every {interval_s:g} s, as it registered"
    if not beats:
        yield held(name, [channel.ended or f"none within {1.5 * interval_s + 1.0:g} s"])
        return
    gaps = [later.at - earlier.at for earlier, later in pairwise(beats)]
    late = [f"{gap:.1f} s between two" for gap in gaps if gap > 1.5 * interval_s + 0.5]
    if len(beats) < BEATS and time.time() - began < watch_s:
        late.append(f"only {len(beats)} came")
    yield held(name, late)
    news = sapient.word(beats[0].said.status_report, "info", "INFO_")
    yield held("the first status says that it is new", [] if news == "new" else [f"it says {news or 'nothing'}"])


def _tasks(channel: Channel, node: str, interval_s: float) -> Iterator[Point]:
    """A task is answered by its id; one that nobody knows is refused."""
    asked = channel.fresh_id()
    channel.say(sapient.task(asked, {"request": "Status"}, name="status"), node)
    answer = _answered(channel, asked)
    yield held("a task is answered by its id", [] if answer else [channel.ended or "no TaskAck came"])
    if answer == "accepted":
        told = channel.until(lambda came: came.kind == "status_report", max(ANSWER_S_MAX, 1.5 * interval_s))
        yield held("a status that was asked for comes", [] if told else ["none came"])
    else:
        yield untried("a status that was asked for comes", f"the task was {answer or 'not answered'}")
    strange = channel.fresh_id()
    channel.say(sapient.task(strange, {"request": "Sing"}, name="nonsense"), node)
    answer = _answered(channel, strange)
    wrong = [] if answer in ("rejected", "failed") else [f"it was {answer or 'not answered'}"]
    yield held("a task that it cannot know is rejected", wrong)


def _answered(channel: Channel, task_id: str) -> str:
    one = channel.until(lambda came: came.kind == "task_ack" and came.said.task_ack.task_id == task_id, ANSWER_S_MAX)
    return sapient.word(one.said.task_ack, "task_status", "TASK_STATUS_") if one else ""


def _nonsense(channel: Channel, node: str, interval_s: float, watch_s: float) -> Iterator[Point]:
    """What is against the standard is complained about by an error, and survived."""
    channel.say({"task": {"task_id": "no ULID", "control": "CONTROL_START"}}, node)
    told = channel.until(lambda came: came.kind == "error", ANSWER_S_MAX)
    yield held("a message against the standard is answered by an error", [] if told else ["no Error came"])
    if told:
        words = " ".join(told.said.error.error_message)
        wrong = [] if "task" in words.casefold() else [f"it says {words[:80]!r}"]
        yield held("the error names the field", wrong)
    beat = channel.until(lambda came: came.kind == "status_report", min(watch_s, 1.5 * interval_s + 2.0))
    yield held("it goes on after that", [] if beat else [channel.ended or "no status came any more"])


def _overall(channel: Channel, first: Came) -> Iterator[Point]:
    """What holds for all of its messages."""
    came = channel.came
    yield held("every message is sound", (f"{one.kind or 'bytes'}: {why}" for one in came for why in one.problems))
    sound = [one for one in came if one.said is not None]
    ids = {one.said.node_id for one in sound}
    yield held("one node id in all messages", [f"{len(ids)} ids"] if len(ids) > 1 else ())
    yield held("its clock is right", _clock(sound))
    reports = [one.said.WhichOneof("content") and _report_id(one.said) for one in sound]
    twice = [name for name, count in Counter(name for name in reports if name).items() if count > 1]
    yield held("no report id twice", twice)
    yield from _as_registered(sound, first.said.registration)


def _clock(came: list[Came]) -> Iterator[str]:
    for one in came:
        off_s = sapient.at_of(one.said) - one.at
        if abs(off_s) > SKEW_S_MAX:
            yield f"{off_s:+.0f} s from ours"
            return
    if any(sapient.at_of(later.said) < sapient.at_of(earlier.said) - 1.0 for earlier, later in pairwise(came)):
        yield "it goes backwards"


def _report_id(said: Message) -> str:
    return str(getattr(getattr(said, said.WhichOneof("content")), "report_id", ""))


def _as_registered(came: list[Came], registration: Message) -> Iterator[Point]:
    reports = [one.said.detection_report for one in came if one.kind == "detection_report"]
    name = "detections are of registered classes"
    if not reports:
        yield untried(name, "it detected nothing meanwhile")
        return
    definitions = [one for mode in registration.mode_definition for one in mode.detection_definition]
    classes = {
        named.type for one in definitions for row in one.detection_class_definition for named in row.class_definition
    }
    docks = any(row.taxonomy_dock_definition for one in definitions for row in one.detection_class_definition)
    strange = {one.type for report in reports for one in report.classification} - classes
    yield held(name, () if docks else (f"{one!r} is not registered" for one in sorted(strange)))


def _comes_back(wire: Wire, channel: Channel, node: str) -> Point:
    """A node that is hung up on connects again and registers anew; only seen where it connects to us."""
    name = "it comes back and registers anew after we hung up"
    channel.close()
    if not wire.listens:
        return untried(name, "we connect to it; use --listen to see it")
    try:
        again = wire.connect()
    except ConfigError as error:
        return held(name, [str(error)])
    one = again.next(wire.wait_s)
    if one is None or one.kind != "registration":
        return held(name, ["it connected, and did not register"])
    return held(name, [] if one.said.node_id == node else ["it came back under another id"])
