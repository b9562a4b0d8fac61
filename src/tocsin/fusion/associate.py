"""Which hypothesis a finding belongs to: by what it is about, or by where and when (H3 cells)."""

from collections.abc import Iterator
from math import ceil

import h3

from tocsin.fusion.campaign import NAMES_MAX, Ties
from tocsin.fusion.state import Hypothesis, Memory
from tocsin.fusion.tables import Hazard
from tocsin.model import Finding, Place, distance_m, same_floor

CELL_RESOLUTION = 8
"""H3 cells of about 0.7 km²: a gate of 900 m looks at two rings."""

CELL_REACH_M = 700.0
"""Least distance from any point of a cell to the end of its first ring, rounded down."""

ACTORS_MAX = 500
"""Most actors that a hypothesis keeps to recognise the next finding of the same campaign."""


def cell_of(place: Place) -> str:
    """The H3 cell in which a place lies."""
    return str(h3.latlng_to_cell(place.lat, place.lon, CELL_RESOLUTION))


def owners(memory: Memory, finding: Finding, hazard: Hazard, ties: Ties) -> list[Hypothesis]:
    """The hypotheses that this finding shows to be one event, the earliest first; none for a new event.

    Outside campaigns there is one at most: that which holds the finding already, or which it continues.
    """
    joins = hazard.campaign and not hazard.single
    sought = (finding.id, *(ties.sought(memory, finding, hazard) if joins else _names(hazard, finding)))
    named = (memory.hypotheses.get(memory.named.get(name, "")) for name in sought)
    found = {known.id: known for known in named if known is not None and _takes(known, finding, hazard)}
    if not found:
        return _nearest(memory, finding, hazard)
    return _in_order(list(found.values())[: None if hazard.campaign else 1], finding)


def _takes(known: Hypothesis, finding: Finding, hazard: Hazard) -> bool:
    return finding.id in known.held or _continues(known, finding, hazard)


def _in_order(found: list[Hypothesis], finding: Finding) -> list[Hypothesis]:
    """What holds the finding and can no longer move takes it alone; else the earliest first."""
    free = [known for known in found if not (known.finished or known.apart)]
    holding = [known for known in found if finding.id in known.held and known not in free]
    return holding[:1] or sorted(free, key=lambda known: (known.since, known.id)) or found[:1]


def _names(hazard: Hazard, finding: Finding) -> list[str]:
    if hazard.single:
        return [f"{hazard.name}:"]
    if hazard.gate_m and finding.place is not None:
        return []
    return [f"{hazard.name}:{name}" for name in (finding.subject, *finding.actors)]


def _continues(known: Hypothesis, finding: Finding, hazard: Hazard) -> bool:
    return not known.finished and known.since - hazard.gap_s <= finding.at <= known.last + hazard.gap_s


def _nearest(memory: Memory, finding: Finding, hazard: Hazard) -> list[Hypothesis]:
    """The nearest hypothesis within the hazard's gate that this finding may continue, if there is one."""
    place = finding.place
    if place is None or not hazard.gate_m:
        return []
    near = [
        (distance_m(known.place, place), known.id)
        for known in _around(memory, place, hazard.gate_m)
        if known.place is not None and _same_event(known, finding, hazard, place)
    ]
    within = sorted(row for row in near if row[0] <= hazard.gate_m)
    return [memory.hypotheses[name] for _, name in within[:1]]


def _around(memory: Memory, place: Place, gate_m: float) -> Iterator[Hypothesis]:
    """What began in the cells around a place."""
    cells = sorted(str(cell) for cell in h3.grid_disk(cell_of(place), ceil(gate_m / CELL_REACH_M)))
    return (memory.hypotheses[name] for cell in cells for name in memory.cells.get(cell, ()))


def _same_event(known: Hypothesis, finding: Finding, hazard: Hazard, place: Place) -> bool:
    return (
        known.hazard == hazard.name
        and (hazard.name != "toxic" or finding.subject in known.subjects)
        and _continues(known, finding, hazard)
        and known.place is not None
        and same_floor(known.place, place)
    )


def remember(memory: Memory, known: Hypothesis, finding: Finding, hazard: Hazard, ties: Ties) -> None:
    """Index the hypothesis under the finding's id, names and cell."""
    joins = hazard.campaign and not hazard.single
    names = ties.kept(memory, finding, hazard) if joins else _names(hazard, finding)[:ACTORS_MAX]
    _name(memory, known, finding.id)
    for name in names:
        if len(known.names) < NAMES_MAX:
            _name(memory, known, name)
    if known.place is not None and not known.anchor and hazard.gate_m:
        known.anchor = cell_of(known.place)
        memory.cells.setdefault(known.anchor, []).append(known.id)


def _name(memory: Memory, known: Hypothesis, name: str) -> None:
    if memory.named.get(name) != known.id:
        memory.named[name] = known.id
        known.names.append(name)


def forget(memory: Memory, known: Hypothesis) -> None:
    """Drop a hypothesis and every index entry that points to it."""
    del memory.hypotheses[known.id]
    for name in known.names:
        if memory.named.get(name) == known.id:  # a later hypothesis may have taken the name over
            del memory.named[name]
    if known.anchor:
        memory.cells[known.anchor].remove(known.id)
        if not memory.cells[known.anchor]:
            del memory.cells[known.anchor]
