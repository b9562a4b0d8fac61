"""The CAP warning: drafted, edited, sent, updated, ended; never Actual unless the facts are live."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from msgspec.structs import replace
from shapely import Polygon, make_valid

from tocsin.city.context import City
from tocsin.contract import checks
from tocsin.contract.cases import approved, decision, incident
from tocsin.contract.declared import Sample
from tocsin.contract.examples import SQUARE, START_AT
from tocsin.contract.folding import Folding
from tocsin.contract.resources import Resources
from tocsin.formats import cap
from tocsin.model import (
    BadInput,
    ConfigError,
    Contribution,
    Extent,
    IncidentState,
    Origin,
    Place,
    Priority,
    Refused,
    Tick,
    Verdict,
    Weight,
    distance_m,
    moved,
)
from tocsin.responders.public_warning import PublicWarning
from tocsin.responders.public_warning.area import CORNERS, CORNERS_MAX, circle_around, outline_around, ring_around

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = etree.XMLSchema(file=str(ROOT / "tests" / "data" / "cap" / "CAP-v1.2.xsd"))
ID = f"{incident('toxic').id}:cap"
FAR = moved(SQUARE, 400.0, 0.0)


def edit_of(proposal, **changed):
    return msgspec.json.encode({**msgspec.json.decode(proposal.draft), **changed}).decode()


class Story:
    """One incident's warning, told step by step."""

    def __init__(self, member=None, resources=None):
        member = member or PublicWarning()
        self.stage = member.start(resources or Resources())
        self.running = Folding(self.stage, member.key)
        self.rev = 0
        self.proposal = None
        self.at = START_AT

    def _fold(self, fact):
        told = self.running.feed(fact)
        assert len(told) <= 1
        self.proposal = told[0] if told else self.proposal
        return told[0] if told else None

    def sees(self, hazard="toxic", **changed):
        self.rev, self.at = self.rev + 1, self.at + 10
        return self._fold(incident(hazard, rev=self.rev, at=self.at, **changed))

    def decides(self, verb, text=""):
        self.at += 10
        return self._fold(decision(verb, self.proposal.id, at=self.at, text=text))

    def ticks(self, at):
        self.at = at
        return self._fold(Tick(at=at, origin=Origin.SIMULATED))

    def approves(self):
        """What the desk does: the decision is folded, then the action, which also leaves."""
        action = approved(self.proposal, at=self.at + 10.25)
        self.decides("approve")
        assert self.running.feed(action) == []
        return self._message(action)

    def ends(self, verb):
        """What the desk does for cancel and all-clear: decision, then the action alone."""
        self.decides(verb)
        action = approved(self.proposal, at=self.at + 0.25)
        message = self._message(action)
        self._fold(action)
        return message

    def _message(self, action):
        (delivery,) = self.stage.act(action)
        SCHEMA.assertValid(etree.fromstring(delivery.payload))
        return cap.decode(delivery.payload)

    @property
    def draft(self):
        return msgspec.json.decode(self.proposal.draft)


def release(*extents):
    """The stage of an incident whose finding tells these regions."""
    stage = incident("toxic").stages[0]
    weight = Weight(nats=0.1, basis="default")
    part = Contribution(id="f", role="for", because="Told.", nats=0.1, weight=weight, at=START_AT, extents=extents)
    return (replace(stage, contributions=(part,)),)


def square(kind, label, east_m, half_m):
    """A region: a square with its middle so far to the east."""
    middle = moved(SQUARE, east_m, 0.0)
    corners = [moved(middle, half_m * x, half_m * y) for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -1))]
    return Extent(kind=kind, label=label, rings=(tuple((one.lon, one.lat) for one in corners),))


def covers(outer, ring):
    return Polygon(outer).covers(Polygon(ring))


def edited_incidents():
    edit = msgspec.json.encode({"headline": "not a whole draft"}).decode()
    return [
        incident("toxic", rev=1),
        decision("edit", ID, at=START_AT + 5, text=edit),
        incident("toxic", rev=2, at=START_AT + 10, place=FAR),
        decision("approve", ID, at=START_AT + 20),
        incident("toxic", rev=3, at=START_AT + 30, place=SQUARE),
        Tick(at=START_AT + 40, origin=Origin.SIMULATED),
        incident("toxic", rev=4, at=START_AT + 50, state=IncidentState.RETURNED),
        Tick(at=START_AT + 9_000, origin=Origin.SIMULATED),
    ]


ALARM = edited_incidents()
BENIGN = [
    incident("toxic", rev=1, priority=Priority.MEDIUM),
    incident("cyber", rev=2),
    incident("toxic", rev=3, place=None),
    incident("toxic", rev=4, state=IncidentState.SHELVED),
    incident("toxic", rev=5, state=IncidentState.RETURNED),
]


@pytest.mark.parametrize("check", checks.ALL, ids=lambda check: check.__name__)
def test_contract(check):
    check(PublicWarning(), Sample(alarm=ALARM, benign=BENIGN), ROOT)


def test_a_life_hazard_becomes_a_draft_in_three_languages():
    story = Story()
    proposal = story.sees()
    assert (proposal.id, proposal.state, proposal.rev, proposal.automatic) == (ID, "draft", 1, False)
    assert (story.draft["status"], story.draft["msgType"]) == ("Exercise", "Alert")
    assert set(story.draft["languages"]) == {"en", "fi", "sv"}
    assert "circle of 505 m" in proposal.because


def test_an_approved_warning_is_valid_cap_and_marked_as_an_exercise():
    story = Story()
    story.sees()
    message = story.approves()
    assert (message.status, message.msg_type, message.incidents) == ("Exercise", "Alert", (story.proposal.incident,))
    assert [info.headline.split(":")[0] for info in message.infos] == ["EXERCISE", "HARJOITUS", "ÖVNING"]
    assert story.proposal.state == "sent"


@pytest.mark.parametrize(
    ("origin", "status"),
    [(Origin.LIVE, "Actual"), (Origin.REPLAY, "Test"), (Origin.SIMULATED, "Exercise"), (Origin.EXERCISE, "Exercise")],
)
def test_only_live_facts_make_an_actual_warning(origin, status):
    story = Story()
    story.sees(origin=origin)
    message = story.approves()
    assert message.status == status
    assert bool(message.note) == (status != "Actual")


def test_an_edit_cannot_make_an_exercise_actual():
    story = Story()
    story.sees()
    story.decides("edit", edit_of(story.proposal, status="Actual", msgType="Cancel"))
    assert (story.draft["status"], story.draft["msgType"]) == ("Exercise", "Alert")
    assert story.approves().status == "Exercise"


def test_an_edited_text_is_sent_and_survives_a_change_of_the_incident():
    story = Story()
    story.sees()
    story.decides("edit", edit_of(story.proposal, headline="Close your windows"))
    told = story.sees(place=FAR)
    assert told.because.startswith("The incident changed after the edit")
    assert story.approves().infos[0].headline == "EXERCISE: Close your windows"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"area": {"name": "A", "polygon": [[24.9, 60.1], [25.0, 60.1], [24.9, 60.1]]}}, "at least 4"),
        ({"area": {"name": "A", "polygon": [[60.1, 24.9], [60.2, 24.9], [60.2, 25.0], [60.1, 24.9]]}}, "swapped"),
        ({"expires": START_AT - 5}, "has passed"),
        ({"expires": 1e300}, "calendar"),
        ({"headline": "bell \x07"}, "control"),
        ({"severity": "Awful"}, "cannot be read"),
        ({"languages": {}}, "language"),
    ],
)
def test_a_faulty_edit_is_not_taken_and_says_why(changed, said):
    story = Story()
    before = story.sees()
    after = story.decides("edit", edit_of(before, **changed))
    assert said in after.because
    assert (after.draft, after.rev) == (before.draft, before.rev + 1)


def test_an_added_language_is_marked_and_ended_too():
    story = Story()
    proposal = story.sees()
    languages = msgspec.json.decode(proposal.draft)["languages"]
    german = {"event": "Gas", "headline": "Gas!", "description": "", "instruction": ""}
    story.decides("edit", edit_of(proposal, languages={**languages, "de": german}))
    assert story.approves().infos[3].headline == "EXERCISE: Gas!"
    assert story.ends("all-clear").infos[3].headline.startswith("EXERCISE: All clear: Gas")


def test_little_news_does_not_disturb_the_reader():
    story = Story()
    story.sees()
    assert story.sees(place=moved(SQUARE, 10.0, 0.0)) is None
    assert story.sees(place=FAR).rev == 2


def test_an_update_refers_to_what_was_sent_to_the_second():
    story = Story()
    story.sees()
    first = story.approves()
    update = story.sees(place=FAR)
    assert (update.state, story.draft["msgType"], update.typed) == ("draft", "Update", "WARN")
    second = story.approves()
    assert second.references == (cap.reference(first),)
    story.sees(place=SQUARE)
    assert story.approves().references == (cap.reference(first), cap.reference(second))


def test_a_person_can_ask_for_an_update_and_reject_it():
    story = Story()
    story.sees()
    story.approves()
    assert story.decides("update").typed == "WARN"
    rejected = story.decides("reject")
    assert (rejected.state, story.draft["msgType"]) == ("sent", "Alert")


@pytest.mark.parametrize(("verb", "typed", "kind"), [("cancel", "CANCEL", "Cancel"), ("all-clear", "CLEAR", "Update")])
def test_a_sent_warning_is_ended_in_one_decision_and_a_typed_word(verb, typed, kind):
    story = Story()
    story.sees()
    first = story.approves()
    ending = story.ends(verb)
    assert (ending.msg_type, ending.references) == (kind, (cap.reference(first),))
    assert story.proposal.state == {"cancel": "cancelled", "all-clear": "all-clear"}[verb]
    assert story.proposal.typed == typed


def test_an_ended_warning_is_drafted_again_only_when_it_gets_worse():
    story = Story()
    story.sees(priority=Priority.HIGH)
    story.approves()
    story.ends("cancel")
    assert story.sees(priority=Priority.HIGH, place=FAR) is None
    again = story.sees(priority=Priority.LIFE)
    assert (again.state, story.draft["msgType"], story.draft["references"]) == ("draft", "Alert", [])


def test_a_rejected_draft_stays_rejected_until_the_incident_returns():
    story = Story()
    story.sees()
    assert story.decides("reject", "A drill next door.").because == "A drill next door."
    assert story.sees(place=FAR) is None
    story.sees(state=IncidentState.RETURNED)
    assert story.sees().state == "draft"


@pytest.mark.parametrize(("verdict", "kind"), [(Verdict.FALSE, "Cancel"), (Verdict.TRUE, "Update")])
def test_closing_the_incident_proposes_how_to_end_the_warning(verdict, kind):
    story = Story()
    story.sees()
    story.approves()
    story.sees(state=IncidentState.CLOSED, verdict=verdict)
    assert story.draft["msgType"] == kind
    assert story.approves().infos[0].urgency == "Past"


def test_an_unsent_draft_is_withdrawn_with_its_incident():
    story = Story()
    story.sees()
    assert story.sees(state=IncidentState.MERGED, stages=()).state == "withdrawn"


def test_a_draft_is_made_anew_while_the_danger_lasts_and_expires_afterwards():
    story = Story()
    first = story.sees()
    story.sees()
    again = story.ticks(first.expires + 1)
    assert (again.state, again.rev) == ("draft", 2)
    assert again.expires > first.expires
    assert story.ticks(again.expires).state == "expired"


def test_a_sent_warning_expires():
    story = Story()
    story.sees()
    story.approves()
    assert story.ticks(story.proposal.expires - 1) is None
    assert story.ticks(story.proposal.expires).state == "expired"


def test_a_spent_proposal_cannot_be_sent_again():
    story = Story()
    story.sees()
    story.approves()
    with pytest.raises(Refused, match="only a draft"):
        story.stage.act(approved(story.proposal))


def test_an_expired_draft_cannot_be_sent():
    story = Story()
    proposal = story.sees()
    with pytest.raises(BadInput, match="has passed"):
        story.stage.act(approved(proposal, at=proposal.expires + 1))


def test_an_action_alone_is_enough_to_know_that_it_left():
    story = Story()
    proposal = story.sees()
    assert story._fold(approved(proposal)).state == "sent"


def test_the_preview_is_the_message():
    story = Story()
    proposal = story.sees()
    media_type, text = story.stage.preview(proposal, START_AT + 60)
    assert (media_type, text.encode()) == ("application/cap+xml", story.stage.act(approved(proposal))[0].payload)


def test_without_a_place_the_whole_city_is_warned():
    city = City.empty("Testby", SQUARE)
    story = Story(resources=Resources(city=city))
    proposal = story.sees(place=None)
    assert "all of the city" in proposal.because
    assert story.draft["area"]["name"] == "Testby"
    assert story.approves().infos[0].sender_name == "Testby"


def test_one_delivery_goes_to_each_outlet():
    stage = PublicWarning(outlets=("folder", "broadcast")).start(Resources())
    proposal = stage.step(None, incident())[1][0]
    deliveries = stage.act(approved(proposal))
    assert [one.outlet for one in deliveries] == ["folder", "broadcast"]
    assert len({one.id for one in deliveries}) == 2


def test_a_language_without_a_text_is_a_configuration_error():
    with pytest.raises(ConfigError, match="lacks de"):
        PublicWarning(languages=("en", "de")).start(Resources())


def test_a_missing_folder_of_templates_is_a_configuration_error(tmp_path):
    with pytest.raises(ConfigError, match="No template"):
        PublicWarning().start(Resources(content=tmp_path))


@pytest.mark.parametrize("hazard", ["toxic", "radiation", "crowd"])
def test_every_template_makes_a_message_with_short_headlines(hazard):
    story = Story()
    story.sees(hazard)
    message = story.approves()
    assert cap.advice(message) == ()
    assert len({info.headline for info in message.infos}) == 3


@settings(max_examples=50, deadline=None)
@given(st.floats(-179, 179), st.floats(-80, 80), st.floats(150, 5_000))
def test_a_ring_holds_its_circle_and_is_little_larger(lon, lat, radius_m):
    centre = Place(lon=lon, lat=lat)
    ring = ring_around(centre, radius_m)
    middle, reach_m = circle_around(ring)
    assert (ring[0], len(ring)) == (ring[-1], CORNERS + 1)
    assert distance_m(centre, middle) < 3.0
    assert radius_m - 3.0 < reach_m < radius_m * 1.03 + 3.0


def test_the_warned_area_holds_the_uncertain_place():
    story = Story()
    wide = story.sees(place=replace(SQUARE, radius_m=700.0))
    assert wide.place.radius_m > 1_200.0


def test_the_warned_area_is_all_that_the_model_and_the_table_tell():
    isolation = square("isolation", "isolate 60 m", 0.0, 60.0)
    sector = square("protective-action", "protect people 600 m downwind", 300.0, 300.0)
    footprint = square("footprint", "AEGL-2 within 10 min (2.8 ppm)", 900.0, 350.0)
    beyond = [
        square("footprint", "AEGL-1 within 10 min (0.5 ppm)", 3_000.0, 900.0),
        square("plume", "plume now", -900.0, 100.0),
    ]
    no_area = Extent(kind="isolation", label="a line", rings=(((24.9, 60.1), (24.91, 60.1)),))
    story = Story()
    proposal = story.sees(stages=release(isolation, sector, footprint, no_area, *beyond))
    area = story.draft["area"]["polygon"]
    for one in (isolation, sector, footprint):
        assert covers(area, one.rings[0])
        assert one.label in proposal.because
    assert "circle of 155 m: 150 m (the least)" in proposal.because
    assert not any(Polygon(area).intersects(Polygon(one.rings[0]).buffer(-0.004)) for one in beyond)
    assert story.approves().infos[0].areas[0].polygons


def test_without_a_word_on_the_wind_the_circle_of_the_template_stays():
    story = Story()
    proposal = story.sees(stages=release(square("isolation", "isolate 800 m", 0.0, 800.0)))
    assert "circle of 505 m" in proposal.because
    assert covers(story.draft["area"]["polygon"], square("", "", 0.0, 800.0).rings[0])


def test_an_area_that_grows_is_news_and_one_that_is_a_little_too_large_is_not():
    story = Story()
    story.sees(stages=release(square("protective-action", "protect", 500.0, 500.0)))
    for east_m, half_m, news in [(500, 480, False), (500, 525, False), (600, 500, True), (400, 300, True)]:
        told = story.sees(stages=release(square("protective-action", "protect", east_m, half_m)))
        assert (told is not None) == news


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(-3_000, 3_000), st.floats(-3_000, 3_000), st.floats(5, 2_000)), min_size=1, max_size=6
    ),
    st.floats(-60, 75),
)
def test_an_outline_holds_all_that_it_is_drawn_around(circles, lat):
    centre = Place(lon=24.9, lat=lat)
    rings = [ring_around(moved(centre, east, north), radius) for east, north, radius in circles]
    outline = outline_around(rings)
    assert outline[0] == outline[-1]
    assert len(outline) <= CORNERS_MAX + 1
    assert Polygon(outline).is_valid
    assert all(covers(outline, ring) for ring in rings)


def test_a_ring_that_crosses_itself_is_warned_of_too():
    bow = ((24.90, 60.10), (24.91, 60.11), (24.91, 60.10), (24.90, 60.11), (24.90, 60.10))
    assert Polygon(outline_around([bow])).covers(make_valid(Polygon(bow)))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 9), max_size=14))
def test_no_order_of_events_breaks_it_or_sends_anything_but_a_draft(choices):
    story = Story()
    story.sees()
    doings = [
        story.sees,
        lambda: story.sees(place=FAR),
        lambda: story.sees(state=IncidentState.RETURNED),
        lambda: story.sees(state=IncidentState.CLOSED, verdict=Verdict.FALSE),
        lambda: story.decides("cancel"),
        lambda: story.decides("all-clear"),
        lambda: story.decides("reject"),
        lambda: story.decides("update"),
        lambda: story.ticks(story.at + 2_000),
        lambda: (
            story.approves() if story.proposal.state == "draft" and story.proposal.expires > story.at + 20 else None
        ),
    ]
    for choice in choices:
        before = story.proposal.rev
        doings[choice]()
        assert before <= story.proposal.rev <= before + 1
        assert story.draft["status"] == "Exercise"
