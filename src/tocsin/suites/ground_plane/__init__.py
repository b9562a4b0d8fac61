"""`tocsin evaluate ground-plane`: metres from pictures, how sure they are, and several cameras as one."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from tocsin.model import ConfigError
from tocsin.physics.ground import Ground
from tocsin.physics.ground.following import Following, GroundTracker, inside_90
from tocsin.physics.ground.known_sizes import from_known_sizes
from tocsin.physics.ground.tsai import Tsai
from tocsin.physics.joining import Joiner, Joining
from tocsin.physics.tracking import Tracker, Tracking
from tocsin.physics.tracking.assignment import best_pairs
from tocsin.suites import Order, Report, Verb, Workshop
from tocsin.suites.ground_plane.sights import MISSED_SHARE, Noise, around, replayed, sd_px, shaken
from tocsin.suites.ground_plane.worlds import Seen, eth, grid, lenses, pets, plane_of

Floats = NDArray[np.float64]
Figures = dict[str, float]

ALONE = "each measurement alone"
TRUSTED = "nearest place, clocks trusted"
_SKEWS_S = (0.0, 0.7, -0.4, 1.1)
_VIEW = "View_001"


@dataclass(frozen=True, slots=True, kw_only=True)
class GroundPlane:
    """Bring recorded people to the ground and back, follow them in metres, and join cameras put around them.

    The recordings are OpenTraj's ETH and PETS 2009. Feet get the errors that detectors were measured to make; a
    track's error is counted while it is seen, from its third measurement on. For joining, the true ways are seen by
    two and by four cameras of `rate_hz` with misses, people who hide each other, and clocks up to `skew_s` times
    1.1 s apart. Each camera follows in the picture and on the ground as it does in a city. `identity_kept` is the
    share of told sightings (one camera, one person, one moment) that carry that visit's one id, `identity_told` the
    share of sightings that are told at all.
    """

    kind: ClassVar[str] = "ground-plane"
    verb: ClassVar[Verb] = "evaluate"

    rate_hz: float = 5.0
    span_s: float = 160.0
    skew_s: float = 1.0
    following: Following = field(default_factory=Following)
    joining: Joining = field(default_factory=Joining)

    def run(self, order: Order, workshop: Workshop) -> Report:  # noqa: ARG002  # needs no installation
        """Measure projection, following and joining."""
        if order.data is None or not order.data.is_dir():
            raise ConfigError("Give --data with OpenTraj's folder (View_00X.xml, datasets/ETH, datasets/PETS-2009).")
        seed = (order.seeds or (1,))[0]
        views = lenses(order.data)
        if _VIEW not in views:
            raise ConfigError(f"{_VIEW}.xml is missing: the boxes of PETS belong to it.")
        worlds = [eth(order.data), pets(order.data, views[_VIEW][0])]
        projected, per_view = projection(views, worlds[0].ground)
        metrics: Figures = dict(projected)
        alone: Figures = {}
        detail: dict[str, Any] = {"views": per_view}
        for world in worlds:
            followed, bare = follow(world, self.following, np.random.default_rng(seed))
            order.say(f"{world.name}: {followed['inside_90']:.3f} inside, {followed['position_error_m']:.3f} m")
            metrics |= {f"{name}_{world.name}": value for name, value in followed.items()}
            alone |= {f"{name}_{world.name}": value for name, value in bare.items()}
        metrics |= sized(order.data, views[_VIEW][0])
        trusted: Figures = {}
        for count in (2, 4):
            metrics |= self._joined(worlds, count, seed, self.joining)
            trusted |= self._joined(worlds, count, seed, replace(self.joining, skew_s_max=0.0))
            order.say(f"{count} cameras: identity kept {metrics[f'identity_kept_{count}']:.3f}")
        return Report(
            suite=self.kind,
            command=order.command,
            data=str(order.data),
            seed=(seed,),
            metrics=metrics,
            peers={ALONE: alone, TRUSTED: trusted},
            detail=detail,
        )

    def _joined(self, worlds: list[Seen], count: int, seed: int, joining: Joining) -> Figures:
        """All worlds together: the share of sightings under one id, the share told at all, and the worst clock."""
        runs = [Rehearsal(self, one, count, np.random.default_rng(seed), joining).run() for one in worlds]
        right, told, sightings = (sum(run[column] for run in runs) for column in range(3))
        return {
            f"identity_kept_{count}": right / max(told, 1),
            f"identity_told_{count}": told / max(sightings, 1),
            f"clock_error_s_max_{count}": max(run[3] for run in runs),
        }


class Rehearsal:
    """Cameras around one world, each with its own tracker and clock, and one joiner."""

    def __init__(
        self, suite: GroundPlane, world: Seen, count: int, chance: np.random.Generator, joining: Joining
    ) -> None:
        self._suite, self._world, self._chance = suite, world, chance
        self._cameras = around(world, count)
        self._trackers = [Tracker(Tracking(), 1280, 720) for _ in self._cameras]
        self._grounds = [GroundTracker(suite.following) for _ in self._cameras]
        self._visits: dict[int, tuple[float, int]] = {}
        self._noises = [Noise(chance) for _ in self._cameras]
        self._skews_s = [suite.skew_s * skew for skew in _SKEWS_S[:count]]
        self._joiner = Joiner(joining)
        self._counted: Counter[tuple[tuple[int, int], int]] = Counter()
        self._sightings = 0

    def run(self) -> tuple[int, int, int, float]:
        """Sightings under the one right id, all that were told, all there were, and the worst error of a clock."""
        for at, persons, places in replayed(self._world, self._suite.rate_hz, self._suite.span_s):
            for number in range(len(self._cameras)):
                self._look(at, number, persons, places)
        known = [self._joiner.clock_s(f"camera-{number}") for number in range(len(self._cameras))]
        errors = [abs((one or 0.0) - skew) for one, skew in zip(known, self._skews_s, strict=True)]
        return _right(self._counted), sum(self._counted.values()), self._sightings, max(errors)

    def _look(self, at: float, number: int, persons: NDArray[np.int64], places: Floats) -> None:
        """One camera looks, follows in the picture and on the ground, and tells the joiner."""
        camera, name = self._cameras[number], f"camera-{number}"
        some, boxes = camera.sees(places)
        some = some[(found := self._chance.random(len(some)) >= MISSED_SHARE)]
        boxes = shaken(boxes[found], self._noises[number].of(at, persons[some]))
        tracked = self._trackers[number].update(at, boxes, np.full(len(boxes), 0.9))
        seen = tracked.seen & tracked.confirmed
        points, spreads = camera.measured(boxes[tracked.source[seen]])
        followed = self._grounds[number].update(at, points, spreads, tracked.ids[seen])
        told = followed.seen
        joined = self._joiner.update(
            at + self._skews_s[number],
            name,
            followed.ids[told].tolist(),
            followed.points_m[told],
            followed.covariances[told],
        )
        true = dict(zip(tracked.ids[seen].tolist(), persons[some[tracked.source[seen]]].tolist(), strict=True))
        self._count(at, {own: one.id for one in joined for camera, own in one.members if camera == name}, true)
        self._sightings += len(some)

    def _count(self, at: float, joined: Mapping[int, int], true: Mapping[int, int]) -> None:
        """Under which id each track of a camera is told, and whom it really follows."""
        for own, person in true.items():
            visit = self._visit(at, person)
            if own in joined:
                self._counted[visit, joined[own]] += 1

    def _visit(self, at: float, person: int) -> tuple[int, int]:
        """A person whom no camera could see for longer than the joiner remembers comes anew."""
        last, number = self._visits.get(person, (at, 0))
        number += at - last > self._suite.joining.memory_s
        self._visits[person] = at, number
        return person, number


def _right(counted: Mapping[tuple[tuple[int, int], int], int]) -> int:
    """Person-moments under the one id per person, and one person per id, that make the most of them."""
    persons, ids = sorted({one for one, _ in counted}), sorted({one for _, one in counted})
    table = np.zeros((len(persons), len(ids)))
    for (person, id_), count in counted.items():
        table[persons.index(person), ids.index(id_)] = count
    rows, columns = best_pairs(table, table > 0)
    return int(table[rows, columns].sum())


def projection(views: Mapping[str, tuple[Tsai, int, int]], ground: Ground) -> tuple[Figures, dict[str, Any]]:
    """Picture to ground and back, through every calibration as it is and through the plane fitted to it."""
    per_view: dict[str, Any] = {}
    for name, (lens, width, height) in views.items():
        pixels = grid(width, height)
        metres = lens.to_ground(pixels)
        good = np.isfinite(metres).all(axis=1)
        plane = plane_of(lens, width, height)
        flat = plane.to_picture(plane.to_ground(pixels, 0.0)[0])
        per_view[name] = {
            "lens_round_trip_px_max": float(np.abs(lens.to_picture(metres[good]) - pixels[good]).max()),
            "plane_round_trip_px_max": float(np.nanmax(np.abs(flat - pixels))),
            "plane_residual_px": plane.residual_px,
            "plane_residual_m": plane.residual_m,
        }
    pixels = grid(640, 480)
    metres, _ = ground.to_ground(pixels, 0.0)
    back = float(np.nanmax(np.abs(ground.to_picture(metres) - pixels)))
    worst = max(max(one["lens_round_trip_px_max"], one["plane_round_trip_px_max"]) for one in per_view.values())
    return {"round_trip_px_max": max(worst, back)}, per_view


def follow(world: Seen, following: Following, chance: np.random.Generator) -> tuple[Figures, Figures]:
    """Errors of tracks in metres and how often the truth lies in their 90 % ellipse; the same for bare measurements."""
    tracker, noise = GroundTracker(following), Noise(chance)
    seen_before: Counter[int] = Counter()
    rows: list[tuple[float, bool, float, bool]] = []
    for moment in world.moments:
        moment = moment[(chance.random(len(moment)) >= MISSED_SHARE) & (world.tall_px[moment] > 0)]  # noqa: PLW2901
        at, person, tall = float(world.at[moment].min(initial=np.inf)), world.person[moment], world.tall_px[moment]
        if not len(moment):
            continue
        feet = world.feet_px[moment] + noise.of(at, person)[:, :2] * tall[:, None]
        points, spreads = world.ground.to_ground(feet, sd_px(tall))
        followed = tracker.update(at, points, spreads, person)
        _, theirs, mine = np.intersect1d(followed.ids, person, return_indices=True)
        inside = inside_90(followed.points_m[theirs], followed.covariances[theirs], world.place_m[moment[mine]])
        bare = inside_90(points[mine], spreads[mine], world.place_m[moment[mine]])
        off = np.linalg.norm(followed.points_m[theirs] - world.place_m[moment[mine]], axis=1)
        raw = np.linalg.norm(points[mine] - world.place_m[moment[mine]], axis=1)
        settled = np.array([seen_before[one] >= 2 for one in person[mine].tolist()])
        seen_before.update(person.tolist())
        rows += list(zip(off[settled], inside[settled], raw[settled], bare[settled], strict=True))
    table = np.array(rows, dtype=float)
    names = ("position_error_m", "inside_90")
    return dict(zip(names, table[:, :2].mean(axis=0).tolist(), strict=True)), dict(
        zip(names, table[:, 2:].mean(axis=0).tolist(), strict=True)
    )


def sized(data: Path, lens: Tsai) -> Figures:
    """The height of the first camera of PETS, from the sizes of its labelled boxes against its calibration."""
    world = pets(data, lens)
    boxes = np.column_stack([world.feet_px, world.tall_px])
    rows = np.column_stack([boxes[:, 0] - 10, boxes[:, 1] - boxes[:, 2], boxes[:, 0] + 10, boxes[:, 1]])
    field = 2 * np.degrees(np.arctan(384 * lens.dpx / lens.sx / lens.focal))
    found = from_known_sizes(rows, 768, 576, field_deg=float(field))
    true_m = lens.height_m
    return {"known_sizes_height_error": abs(found.height_m / true_m - 1)}
