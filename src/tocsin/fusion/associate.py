"""Which hypothesis a finding belongs to: by what it is about, or by where and when (H3 cells)."""

from math import ceil

import h3

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


def owner(memory: Memory, finding: Finding, hazard: Hazard) -> Hypothesis | None:
    """The hypothesis that already holds this finding, or the one that it continues; None for a new event."""
    for name in (finding.id, *_names(hazard, finding)):
        known = memory.hypotheses.get(memory.named.get(name, ""))
        if known is not None and (finding.id in known.held or _continues(known, finding, hazard)):
            return known
    if hazard.gate_m and finding.place is not None:
        return _nearest(memory, finding, hazard, finding.place)
    return None


def _names(hazard: Hazard, finding: Finding) -> list[str]:
    if hazard.gate_m and finding.place is not None:
        return []
    return [f"{hazard.name}:{name}" for name in (finding.subject, *finding.actors)]


def _continues(known: Hypothesis, finding: Finding, hazard: Hazard) -> bool:
    return not known.finished and known.since - hazard.gap_s <= finding.at <= known.last + hazard.gap_s


def _nearest(memory: Memory, finding: Finding, hazard: Hazard, place: Place) -> Hypothesis | None:
    rings = ceil(hazard.gate_m / CELL_REACH_M)
    around = sorted(str(cell) for cell in h3.grid_disk(cell_of(place), rings))
    near = [
        (distance_m(known.place, place), known.id)
        for cell in around
        for known in (memory.hypotheses[name] for name in memory.cells.get(cell, ()))
        if known.place is not None and _same_event(known, finding, hazard, place)
    ]
    within = sorted(row for row in near if row[0] <= hazard.gate_m)
    return memory.hypotheses[within[0][1]] if within else None


def _same_event(known: Hypothesis, finding: Finding, hazard: Hazard, place: Place) -> bool:
    return (
        known.hazard == hazard.name
        and (hazard.name != "toxic" or finding.subject in known.subjects)
        and _continues(known, finding, hazard)
        and known.place is not None
        and same_floor(known.place, place)
    )


def remember(memory: Memory, known: Hypothesis, finding: Finding, hazard: Hazard) -> None:
    """Index the hypothesis under the finding's id, names and cell."""
    memory.named[finding.id] = known.id
    for name in _names(hazard, finding)[:ACTORS_MAX]:
        memory.named[name] = known.id
    if known.place is not None and not known.anchor and hazard.gate_m:
        known.anchor = cell_of(known.place)
        memory.cells.setdefault(known.anchor, []).append(known.id)


def forget(memory: Memory, known: Hypothesis) -> None:
    """Drop a hypothesis and every index entry that points to it."""
    del memory.hypotheses[known.id]
    for name in [name for name, target in memory.named.items() if target == known.id]:
        del memory.named[name]
    if known.anchor:
        memory.cells[known.anchor].remove(known.id)
        if not memory.cells[known.anchor]:
            del memory.cells[known.anchor]
