"""`tocsin plan microphones`: where sounds could be placed at best, and where one microphone more helps most."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from tocsin.model import ConfigError, Place, moved, offset_m

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from tocsin.city.context import City
    from tocsin.formats.geojson import Feature

plan = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Plan where sensors go.")

CELLS_MAX = 10_000
HOPELESS_M = 500.0
"""What a place counts, in means, from which a sound cannot be placed at all."""


@plan.command()
def microphones(
    city: Annotated[Path, typer.Argument(help="Folder of the city, or of the installation.")],
    *,
    cell_m: Annotated[float, typer.Option(help="Side of the cells of the map, metres.")] = 100.0,
    hearing_m: Annotated[float, typer.Option(help="How far a microphone hears a shot, metres.")] = 900.0,
    clock_ms: Annotated[float, typer.Option(help="Error of their clocks, milliseconds.")] = 10.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the map as one GeoJSON collection.")] = False,
) -> None:
    """Print the least 90 % error with which the microphones of a city place a sound, cell by cell (Cramér-Rao)."""
    from tocsin.app.layout import city_folder
    from tocsin.city.context import City

    found = _mapped(City.load(city_folder(city)), cell_m, hearing_m, clock_ms / 1e3)
    if as_json:
        from tocsin.formats.geojson import collection

        print(msgspec.json.encode(collection(found.features())).decode())
        return
    for line in found.lines():
        print(line)


@dataclass(frozen=True, slots=True)
class _Map:
    """Cells (C, 2) around a centre with the least error of each, and the best place for one microphone more."""

    centre: Place
    cell_m: float
    cells_m: "NDArray[np.float64]"
    error_m: "NDArray[np.float64]"
    best_m: tuple[float, float]
    better_m: float

    def features(self) -> "Iterator[Feature]":
        """Each cell as an area with its error (none where too few hear), and the advice."""
        from tocsin.formats.geojson import feature

        half = self.cell_m / 2
        for (east, north), error in zip(self.cells_m.tolist(), self.error_m.tolist(), strict=True):
            corners = ((-half, -half), (half, -half), (half, half), (-half, half))
            ring = [moved(self.centre, east + x, north + y) for x, y in corners]
            place = Place(lon=ring[0].lon, lat=ring[0].lat, area=tuple((one.lon, one.lat) for one in ring))
            yield feature(place, kind="error", error90_m=round(error, 1) if error < float("inf") else None)
        advised = moved(self.centre, *self.best_m, radius_m=self.cell_m)
        yield feature(advised, kind="advice", mean_error90_m=round(self.better_m, 1))

    def lines(self) -> Iterator[str]:
        """The map in a few sentences."""
        shares = ", ".join(f"{float((self.error_m <= most).mean()):.0%} within {most} m" for most in (15, 25, 50))
        yield f"Least 90 % error in {len(self.cells_m)} cells of {self.cell_m:.0f} m: {shares}."
        yield f"Too few microphones hear {float((self.error_m == float('inf')).mean()):.0%} of them."
        spot = moved(self.centre, *self.best_m)
        before = _mean_m(self.error_m)
        yield (
            f"One microphone more helps most near {spot.lat:.5f} N {spot.lon:.5f} E: "
            f"mean error {before:.0f} m becomes {self.better_m:.0f} m."
        )


def _mean_m(errors: "NDArray[np.float64]") -> float:
    import numpy as np

    return float(np.minimum(errors, HOPELESS_M).mean())


def _mapped(city: "City", cell_m: float, hearing_m: float, clock_s: float) -> _Map:
    import numpy as np

    from tocsin.physics.sound import Locating, error_m

    spots = [offset_m(city.centre, one.place) for one in city.sensors.values() if one.family == "sound"]
    if len(spots) < 3 or cell_m <= 0.0 or hearing_m <= 0.0 or clock_s <= 0.0:
        raise ConfigError("A plan needs three microphones (sensors of family sound) or more, and sizes above 0.")
    cells, places, rule = _cells(spots, cell_m), np.array(spots), Locating(clock_sd_s=clock_s)
    errors = error_m(places, cells, rule, hearing_m=hearing_m)
    coarse = cells[:: max(1, len(cells) // 100)]
    means = [_mean_m(error_m(np.vstack([places, one]), coarse, rule, hearing_m=hearing_m)) for one in coarse]
    best = coarse[int(np.argmin(means))]
    more = error_m(np.vstack([places, best]), cells, rule, hearing_m=hearing_m)
    return _Map(city.centre, cell_m, cells, errors, (float(best[0]), float(best[1])), _mean_m(more))


def _cells(spots: Sequence[tuple[float, float]], cell_m: float) -> "NDArray[np.float64]":
    """Middles of cells over the microphones and one cell around them; raises ConfigError for too many."""
    import numpy as np

    low, high = np.min(spots, axis=0) - cell_m, np.max(spots, axis=0) + cell_m
    counts = np.ceil((high - low) / cell_m)
    if counts.prod() > CELLS_MAX:
        raise ConfigError(f"{counts.prod():.0f} cells are more than {CELLS_MAX}: give a larger --cell-m.")
    axes = [low[axis] + cell_m * (np.arange(int(counts[axis])) + 0.5) for axis in (0, 1)]
    return np.column_stack([one.ravel() for one in np.meshgrid(*axes)])
