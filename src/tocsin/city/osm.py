"""Import of a map from an OpenStreetMap extract (.osm.pbf, .osm): streets, buildings, cameras, names."""

from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

import osmium
import shapely
from msgspec.structs import replace

from tocsin.city.citymap import CityMap, Collection, Feature, LineString, Point, Polygon, Position, Property
from tocsin.city.coast import sea
from tocsin.city.heights import assumed_heights_m, known_height_m
from tocsin.city.osm_rules import (
    LABEL_RANKS,
    area_layer,
    bearing_of,
    line_layer,
    line_properties,
    site_kind,
    street_rank,
)
from tocsin.model import BadInput

ATTRIBUTION = "© OpenStreetMap contributors"
"""As the Open Database License asks for; shown on every map."""

Bounds = tuple[float, float, float, float]
DIGITS = 6
"""Coordinates are rounded to 0.1 m."""

KEYS = ("building", "natural", "waterway", "landuse", "leisure", "place", "highway", "railway", "man_made", "amenity")
NAMED_WITHIN_DEG = 0.0008
"""A camera is named after a square or street within about 80 m."""


def import_map(path: Path, clip: Bounds | None = None) -> CityMap:
    """Read an extract into map layers, cut to `clip` (west, south, east, north) if given.

    Buildings without a tagged height get one by their kind and are marked `assumed`; cameras
    without a direction have `direction` null. Raises BadInput for a file that is no extract.
    """
    try:
        return _Importer(path, clip).city_map()
    except (RuntimeError, OSError) as error:
        message = f"{path.name} cannot be read as an OpenStreetMap extract: {error}."
        raise BadInput(message) from error


class _Importer:
    """Collects features per layer in one pass over the file."""

    def __init__(self, path: Path, clip: Bounds | None) -> None:
        self._path = path
        self._layers: dict[str, list[Feature]] = {}
        self._coast: list[list[Position]] = []
        self._bounds = clip or _extent(path)

    def city_map(self) -> CityMap:
        file = osmium.FileProcessor(str(self._path)).with_locations().with_areas()
        for item in file.with_filter(osmium.filter.KeyFilter(*KEYS)):
            self._take(item, dict(item.tags))
        for face in sea(self._coast, self._bounds):
            self._add("water", face, {"kind": "sea"})
        self._layers["buildings"] = _with_heights(self._layers.get("buildings", []))
        self._layers["labels"] = _without_doubles(self._layers.get("labels", []))
        self._layers["cameras"] = _named(self._layers)
        layers = {name: Collection(tuple(features)) for name, features in self._layers.items()}
        return CityMap(attribution=ATTRIBUTION, bounds=self._bounds, **layers)

    def _take(self, item: Any, tags: dict[str, str]) -> None:  # noqa: ANN401  # osmium's classes are untyped
        if item.is_node():
            self._node(item, tags)
        elif item.is_way():
            self._way(item, tags)
        elif item.is_area():
            self._area(item, tags)

    def _node(self, node: Any, tags: dict[str, str]) -> None:  # noqa: ANN401
        spot = shapely.Point(node.lon, node.lat)
        if tags.get("man_made") == "surveillance":
            self._add("cameras", spot, _camera(node.id, tags))
        self._place_names(spot, tags)

    def _way(self, way: Any, tags: dict[str, str]) -> None:  # noqa: ANN401
        runs = _runs(way.nodes)
        if tags.get("natural") == "coastline":
            self._coast.extend(runs)
        layer = line_layer(tags)
        if layer is None or (way.is_closed() and tags.get("area") == "yes"):
            return
        for run in runs:
            self._add(layer, shapely.LineString(run), line_properties(tags))
        rank = street_rank(tags)
        if rank is not None and runs:
            longest = shapely.LineString(max(runs, key=len))
            self._add("labels", longest.interpolate(0.5, normalized=True), _label(tags, "street", rank, longest.length))

    def _area(self, area: Any, tags: dict[str, str]) -> None:  # noqa: ANN401
        layer = area_layer(tags)
        shape = shapely.union_all([shapely.make_valid(part) for part in _parts(area)])
        if layer is not None:
            self._add(layer[0], shape, _area_properties(layer, tags))
        self._place_names(shape.representative_point(), tags)

    def _place_names(self, spot: shapely.Point, tags: dict[str, str]) -> None:
        if "name" not in tags:
            return
        kind = site_kind(tags)
        if kind is not None:
            self._add("sites", spot, {"name": tags["name"], "kind": kind})
        label = next((row for row in LABEL_RANKS if tags.get(row[0]) == row[1]), None)
        if label is not None:
            self._add("labels", spot, _label(tags, label[1], label[2]))

    def _add(self, layer: str, shape: Any, properties: dict[str, Property]) -> None:  # noqa: ANN401
        cut = shapely.clip_by_rect(shape, *self._bounds) if shape.geom_type != "Point" else shape
        if shape.geom_type == "Point" and not shapely.box(*self._bounds).covers(shape):
            return
        self._layers.setdefault(layer, []).extend(Feature(g, properties) for g in _geometries(cut, layer))


def _extent(path: Path) -> Bounds:
    """The box of the file's header, else of its nodes."""
    with osmium.io.Reader(str(path)) as reader:
        stated = reader.header().box()
    if stated.valid():
        low, high = stated.bottom_left, stated.top_right
        return low.lon, low.lat, high.lon, high.lat
    return _extent_of_nodes(path)


def _extent_of_nodes(path: Path) -> Bounds:
    nodes = osmium.FileProcessor(str(path), osmium.osm.NODE)
    spots = [(node.lon, node.lat) for node in nodes if isinstance(node, osmium.osm.Node)]
    if not spots:
        message = f"{path.name} holds no nodes: choose an extract that covers your city."
        raise BadInput(message)
    lons, lats = [lon for lon, _ in spots], [lat for _, lat in spots]
    return min(lons), min(lats), max(lons), max(lats)


def _runs(nodes: Any) -> list[list[Position]]:  # noqa: ANN401
    """The stretches of a way whose nodes are in the file, of two nodes or more."""
    runs: list[list[Position]] = [[]]
    for node in nodes:
        if node.location.valid():
            runs[-1].append((node.lon, node.lat))
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if len(run) > 1]


def _parts(area: Any) -> Iterator[shapely.Polygon]:  # noqa: ANN401
    for outer in area.outer_rings():
        holes = [[(node.lon, node.lat) for node in inner] for inner in area.inner_rings(outer)]
        yield shapely.Polygon([(node.lon, node.lat) for node in outer], holes)


def _geometries(shape: Any, layer: str) -> Iterator[Point | LineString | Polygon]:  # noqa: ANN401
    """GeoJSON geometries of a clipped shape; crumbs of another dimension are dropped."""
    for part in shapely.get_parts(shape):
        if part.geom_type == "Point" and layer in {"labels", "cameras", "sites"}:
            yield Point(_rounded(part.coords)[0])
        elif part.geom_type == "LineString" and layer in {"roads", "rail"}:
            yield LineString(_rounded(part.coords))
        elif part.geom_type == "Polygon" and not part.is_empty:
            yield Polygon(tuple(_rounded(ring.coords) for ring in (part.exterior, *part.interiors)))


def _rounded(coordinates: Any) -> tuple[Position, ...]:  # noqa: ANN401
    return tuple((round(lon, DIGITS), round(lat, DIGITS)) for lon, lat in coordinates)


def _label(tags: Mapping[str, str], kind: str, rank: int, length: float = 0.0) -> dict[str, Property]:
    return {"name": tags["name"], "kind": kind, "rank": rank, "length": length}


def _camera(node_id: int, tags: Mapping[str, str]) -> dict[str, Property]:
    direction = bearing_of(tags.get("camera:direction", tags.get("direction", "")))
    return {"id": f"cam-{node_id}", "direction": direction, "kind": tags.get("camera:type", "")}


def _area_properties(layer: tuple[str, str], tags: Mapping[str, str]) -> dict[str, Property]:
    properties: dict[str, Property] = {"kind": layer[1]}
    if "name" in tags:
        properties["name"] = tags["name"]
    if layer[0] == "buildings":
        properties["height_m"] = known_height_m(tags)
    return properties


def _with_heights(buildings: list[Feature]) -> list[Feature]:
    """Every building with a height; `assumed` says where nobody tagged one."""
    known = [(str(b.properties["kind"]), b.properties["height_m"]) for b in buildings]
    assumed = assumed_heights_m([(kind, height) for kind, height in known if isinstance(height, float)])
    done = []
    for building, (kind, height) in zip(buildings, known, strict=True):
        guess = round(assumed.get(kind, assumed[""]), 1)
        marked = {"height_m": guess if height is None else height, "assumed": height is None}
        done.append(replace(building, properties={**building.properties, **marked}))
    return done


def _without_doubles(labels: list[Feature]) -> list[Feature]:
    """One label per name: the best rank, then the longest stretch; sorted by rank and name."""
    best: dict[Property, Feature] = {}
    for label in sorted(labels, key=_importance):
        best.setdefault(label.properties["name"], label)
    chosen = sorted(best.values(), key=lambda f: (_importance(f)[0], str(f.properties["name"])))
    return [replace(f, properties={k: v for k, v in f.properties.items() if k != "length"}) for f in chosen]


def _importance(label: Feature) -> tuple[float, float]:
    rank, length = label.properties["rank"], label.properties["length"]
    return float(rank or 0), -float(length or 0)


def _named(layers: Mapping[str, list[Feature]]) -> list[Feature]:
    """Cameras named after the square or street beside them, counted per name."""
    named = [f for f in chain(layers.get("squares", []), layers.get("roads", [])) if f.properties.get("name")]
    tree = shapely.STRtree([_shape(feature) for feature in named])
    counted: dict[str, int] = {}
    done = []
    for camera in sorted(layers.get("cameras", []), key=lambda f: str(f.properties["id"])):
        nearest = tree.query_nearest(_shape(camera), max_distance=NAMED_WITHIN_DEG, all_matches=False)
        street = str(named[nearest[0]].properties["name"]) if len(nearest) else "Camera"
        counted[street] = counted.get(street, 0) + 1
        done.append(replace(camera, properties={**camera.properties, "name": f"{street} {counted[street]}"}))
    return done


def _shape(feature: Feature) -> Any:  # noqa: ANN401
    match feature.geometry:
        case Point(coordinates=spot):
            return shapely.Point(spot)
        case LineString(coordinates=line):
            return shapely.LineString(line)
        case Polygon(coordinates=rings):
            return shapely.Polygon(rings[0], rings[1:])
