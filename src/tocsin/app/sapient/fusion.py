"""The points that a fusion node must hold, while we play its edge nodes."""

import time
from collections.abc import Iterator

from tocsin.app.sapient.channel import Came, Channel, Wire
from tocsin.app.sapient.points import Point, held, untried
from tocsin.formats import sapient
from tocsin.formats.sapient import Message, Role

ANSWER_S_MAX = 10.0
QUIET_S = 1.5
"""So long we listen for a complaint that should not come."""

ROLE = Role(name="Conformance check", type="OTHER", interval_s=5.0, classes=("Vehicle",), model="tocsin sapient check")
_PLACE = sapient.at_lon_lat(0.0, 51.4779, 10.0)
"""Greenwich: a place that nobody will take for a real one."""


def check_fusion(wire: Wire) -> list[Point]:
    """Register with it, report, alarm, then send what it must refuse, and see that others are not disturbed."""
    channel = wire.connect()
    channel.say(sapient.registration(ROLE))
    answer = channel.until(lambda came: came.kind == "registration_ack", wire.wait_s)
    if answer is None or not answer.said.registration_ack.acceptance:
        reasons = "; ".join(answer.said.registration_ack.ack_response_reason) if answer else "no answer came"
        return [held("a sound registration is accepted", [reasons or "it gives no reason"])]
    points = [held("a sound registration is accepted"), _addressed(channel, answer)]
    points += _reports(channel)
    points += _refusals(channel)
    points += _strangers(wire)
    points += _wild(wire, channel)
    points.append(_again(wire, channel))
    points.append(held("every message is sound", (why for one in channel.came for why in one.problems)))
    return points


def _addressed(channel: Channel, answer: Came) -> Point:
    to = answer.said.destination_id
    return held("its answer is addressed to us", [] if to.lower() == channel.id else [f"it goes to {to or 'nobody'!r}"])


def _reports(channel: Channel) -> Iterator[Point]:
    """Status and detection are taken without complaint, an alert is acknowledged by its id."""
    channel.say(sapient.status(channel.fresh_id(), location=_PLACE))
    channel.say(_detection(channel))
    complaint = channel.until(lambda came: came.kind == "error", QUIET_S)
    words = "; ".join(complaint.said.error.error_message)[:160] if complaint else ""
    yield held("status and detection are taken without complaint", [words] if complaint else ())
    yield held("an alert is acknowledged by its id", [] if _alerted(channel) else ["no AlertAck came"])


def _detection(channel: Channel) -> dict[str, object]:
    return sapient.detection(channel.fresh_id(), channel.fresh_id(), _PLACE, [("Vehicle", 0.5)])


def _alerted(channel: Channel) -> bool:
    alert_id = channel.fresh_id()
    told = {"alert_id": alert_id, "alert_type": "ALERT_TYPE_INFORMATION", "status": "ALERT_STATUS_ACTIVE"}
    channel.say({"alert": {**told, "description": "A check of the interface; nothing happened."}})
    answer = channel.until(
        lambda came: came.kind == "alert_ack" and came.said.alert_ack.alert_id == alert_id, ANSWER_S_MAX
    )
    return answer is not None


def _refusals(channel: Channel) -> Iterator[Point]:
    """What the standard does not allow is answered by an error that names the field."""
    content = _detection(channel)
    message = sapient.message(channel.id, time.time(), content)
    message.detection_report.ClearField("report_id")
    channel.send(message)
    yield _complains(channel, "a missing mandatory field is named by an error", "report")
    strange: Message = sapient.message(channel.id, time.time(), sapient.status(channel.fresh_id()))
    strange.status_report.system = 99
    channel.send(strange)
    yield _complains(channel, "an unknown enumeration value is named by an error", "system")
    channel.bytes(sapient.frame(b"\xff\xff\xff\xff"))
    yield _complains(channel, "bytes that are no message are answered by an error", "")


def _complains(channel: Channel, name: str, word: str) -> Point:
    told = channel.until(lambda came: came.kind == "error", ANSWER_S_MAX)
    if told is None:
        return held(name, [channel.ended or "no Error came"])
    words = " ".join(told.said.error.error_message)
    return held(name, [] if word in words.casefold() else [f"it says {words[:100]!r}"])


def _strangers(wire: Wire) -> Iterator[Point]:
    """Who has not registered is not heard; who registers badly is told why."""
    stranger = wire.connect()
    stranger.say(_detection(stranger))
    told = stranger.until(lambda came: came.kind == "error", ANSWER_S_MAX)
    gone = bool(stranger.ended)
    yield held("a report before registration is refused", [] if told or gone else ["it was taken in silence"])
    stranger.close()
    clumsy = wire.connect()
    content = sapient.registration(ROLE)
    content["registration"].pop("icd_version")
    clumsy.say(content)
    answer = clumsy.until(lambda came: came.kind in ("registration_ack", "error"), ANSWER_S_MAX)
    yield held("a registration without a version is declined with a reason", _declined(answer))
    clumsy.close()


def _declined(answer: Came | None) -> list[str]:
    if answer is None:
        return ["no answer came"]
    if answer.kind == "error":
        return []
    told = answer.said.registration_ack
    if told.acceptance:
        return ["it was accepted"]
    return [] if told.ack_response_reason else ["no reason is given"]


def _wild(wire: Wire, channel: Channel) -> Iterator[Point]:
    """A length of 2 GiB costs one connection, and no other."""
    wild = wire.connect()
    wild.bytes(b"\xff\xff\xff\x7f" + b"\0" * 64)
    told = wild.until(lambda came: came.kind == "error", ANSWER_S_MAX)
    refused = told is not None or bool(wild.ended)
    yield held("a length of 2 GiB is refused", [] if refused else ["it waits for 2 GiB"])
    wild.close()
    if channel.ended:
        yield untried("other nodes are not disturbed by that", channel.ended)
    else:
        yield held(
            "other nodes are not disturbed by that", [] if _alerted(channel) else ["ours is not served any more"]
        )


def _again(wire: Wire, channel: Channel) -> Point:
    """Half a message, hang up, come back under the same id."""
    whole = sapient.frame(sapient.message(channel.id, time.time(), _detection(channel)).SerializeToString())
    channel.bytes(whole[: len(whole) // 2])
    channel.close()
    back = wire.connect()
    back.id = channel.id
    back.say(sapient.registration(ROLE))
    answer = back.until(lambda came: came.kind == "registration_ack", ANSWER_S_MAX)
    taken = answer is not None and answer.said.registration_ack.acceptance
    return held("a node that dropped out within a message may come back", [] if taken else ["it is not accepted"])
