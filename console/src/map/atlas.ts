// The map itself: created once, given new data, new colours and a new place to look at.
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url';
import { LngLatBounds, Map as Atlas, ScaleControl, setWorkerUrl, type GeoJSONSource, type MapLayerMouseEvent } from 'maplibre-gl';
import type { FeatureCollection } from 'geojson';
import { tick } from 'svelte';
import type { City, Place, Position } from '../model/wire';
import { addMarks } from './marks';
import { styleOf, type CityGround, type DRAWN } from './style';
import { colours, scale } from './tokens';

setWorkerUrl(workerUrl);

export type Drawn = (typeof DRAWN)[number];

export interface Picked {
  incident: (id: string) => void;
  sensor: (id: string) => void;
  hover: (id: string | null, x: number, y: number) => void;
  /** A person moved the map: it must not move by itself until another incident is opened. */
  held: () => void;
}

const MARGIN_DEG = 0.02;
const EDGE_PX = 48;
const calm = (): boolean => matchMedia('(prefers-reduced-motion: reduce)').matches;

/** A map of the city in a container. Throws where the browser has no WebGL. */
export function createAtlas(container: HTMLElement, city: City, ground: CityGround): Atlas {
  const [w, s, e, n] = city.bounds;
  const atlas = new Atlas({
    container,
    style: styleOf(colours(), ground, scale()),
    center: city.centre,
    zoom: 14.5,
    minZoom: 10,
    maxBounds: [w - MARGIN_DEG * 2, s - MARGIN_DEG, e + MARGIN_DEG * 2, n + MARGIN_DEG],
    attributionControl: false,
    fadeDuration: 0,
    locale: { 'Map.Title': `Map of ${city.name}` },
  });
  atlas.addControl(new ScaleControl({ unit: 'metric' }), 'bottom-left');
  return atlas;
}

/** Put marks and colours of the theme that is in force on the map; `drawn` is called when it is ready for data. */
export function dress(atlas: Atlas, ground: CityGround, drawn: () => void): void {
  atlas.once('style.load', () => {
    addMarks(atlas, colours());
    drawn();
  });
  atlas.setStyle(styleOf(colours(), ground, scale()), { diff: false });
}

/** Show new features in one of our sources. */
export function draw(atlas: Atlas, source: Drawn, features: FeatureCollection): void {
  void atlas.getSource<GeoJSONSource>(source)?.setData(features);
}

/** Buildings as heights, seen from the side; or flat from above. */
export function setBuildings(atlas: Atlas, solid: boolean): void {
  if (!atlas.getLayer('buildings-3d')) return;
  atlas.setLayoutProperty('buildings-3d', 'visibility', solid ? 'visible' : 'none');
  const to = { pitch: solid ? 55 : 0, bearing: solid ? atlas.getBearing() || -17 : 0 };
  atlas.easeTo({ ...to, duration: calm() ? 0 : 400 });
}

/** Bring a place, and the areas drawn around it, into what is free of panels. */
export async function lookAt(atlas: Atlas, place: Place, areas: Position[][], covered_px: number, right_px = 0): Promise<void> {
  await tick(); // panels open and close in the same moment: measure after them
  atlas.resize();
  const bounds = new LngLatBounds([place.lon, place.lat], [place.lon, place.lat]);
  for (const point of areas.flat()) bounds.extend(point);
  const padding = { left: covered_px + EDGE_PX, top: EDGE_PX, right: right_px + EDGE_PX, bottom: EDGE_PX };
  atlas.fitBounds(bounds, { padding, maxZoom: 16.5, duration: calm() ? 0 : 500 });
}

/** Tell what the pointer picks. */
export function listenTo(atlas: Atlas, picked: Picked): void {
  const idOf = (event: MapLayerMouseEvent): string => String(event.features?.[0]?.properties?.id ?? '');
  atlas.on('click', 'incidents', (event) => picked.incident(idOf(event)));
  atlas.on('click', 'sensors', (event) => picked.sensor(idOf(event)));
  atlas.on('mousemove', 'sensors', (event) => picked.hover(idOf(event), event.point.x, event.point.y));
  atlas.on('movestart', (event) => event.originalEvent && picked.held());
  atlas.on('mouseleave', 'sensors', () => picked.hover(null, 0, 0));
}
