// The style of the map: desaturated ground, buildings a step above it, our marks on top. No tiles, no glyph server.
import type { FeatureCollection } from 'geojson';
import type { ExpressionSpecification, LayerSpecification, SourceSpecification, StyleSpecification } from 'maplibre-gl';
import type { Look } from '../model/extents';
import { NOTHING } from './features';
import { LOOKS, type Drawing } from './looks';
import type { Colours } from './tokens';

export const GROUND = ['water', 'parks', 'squares', 'roads', 'rail', 'buildings', 'labels'] as const;
export const DRAWN = ['coverage', 'areas', 'extents', 'tracks', 'sensors', 'incidents'] as const;

export type CityGround = Partial<Record<(typeof GROUND)[number], FeatureCollection>> & { attribution?: string };

const FONT = ['Inter Variable'];
const data = (features: FeatureCollection): SourceSpecification => ({ type: 'geojson', data: features });
const width = (thin: number, thick: number): ExpressionSpecification => ['interpolate', ['exponential', 1.6], ['zoom'], 12, thin, 18, thick];
const big: ExpressionSpecification = ['in', ['get', 'class'], ['literal', ['motorway', 'trunk', 'primary', 'secondary', 'tertiary']]];

function groundLayers(c: Colours): LayerSpecification[] {
  return [
    { id: 'ground', type: 'background', paint: { 'background-color': c.ground } },
    { id: 'water', type: 'fill', source: 'water', paint: { 'fill-color': c['map-water'] } },
    { id: 'parks', type: 'fill', source: 'parks', paint: { 'fill-color': c['map-park'] } },
    { id: 'squares', type: 'fill', source: 'squares', paint: { 'fill-color': c['map-square'] } },
    { id: 'roads', type: 'line', source: 'roads', filter: ['!', big], minzoom: 13.5, layout: { 'line-cap': 'round' }, paint: { 'line-color': c['map-road'], 'line-width': width(0.4, 8) } },
    { id: 'roads-big', type: 'line', source: 'roads', filter: big, layout: { 'line-cap': 'round' }, paint: { 'line-color': c['map-road'], 'line-width': width(1.6, 18) } },
    { id: 'rail', type: 'line', source: 'rail', paint: { 'line-color': c['map-rail'], 'line-width': width(0.6, 2.5) } },
    { id: 'buildings', type: 'fill', source: 'buildings', paint: { 'fill-color': c['map-building'], 'fill-outline-color': c['map-building-edge'] } },
    {
      id: 'buildings-3d', type: 'fill-extrusion', source: 'buildings', layout: { visibility: 'none' },
      paint: { 'fill-extrusion-color': c['map-building'], 'fill-extrusion-height': ['coalesce', ['get', 'height_m'], 6], 'fill-extrusion-opacity': 0.85 },
    },
  ];
}

function areaLayers(c: Colours, scale: number): LayerSpecification[] {
  const colour: ExpressionSpecification = ['match', ['get', 'kind'], 'footprint', c.p0, 'warning', c.accent, c.text];
  return [
    { id: 'coverage', type: 'fill', source: 'coverage', paint: { 'fill-color': c.accent, 'fill-opacity': 0.12 } },
    { id: 'coverage-edge', type: 'line', source: 'coverage', paint: { 'line-color': c.accent, 'line-width': 1 } },
    { id: 'area-footprint', type: 'fill', source: 'areas', filter: ['==', ['get', 'kind'], 'footprint'], paint: { 'fill-pattern': 'hatch-footprint' } },
    { id: 'area-warning', type: 'fill', source: 'areas', filter: ['==', ['get', 'kind'], 'warning'], paint: { 'fill-pattern': 'hatch-warning' } },
    { id: 'area-edge', type: 'line', source: 'areas', paint: { 'line-color': colour, 'line-width': 1.5, 'line-dasharray': [4, 2] } },
    {
      id: 'area-label', type: 'symbol', source: 'areas',
      layout: { 'symbol-placement': 'line', 'text-field': ['get', 'label'], 'text-font': FONT, 'text-size': 12 * scale, 'text-offset': [0, -0.9] },
      paint: { 'text-color': colour, 'text-halo-color': c.ground, 'text-halo-width': 1.5 },
    },
  ];
}

/** What is not about the open incident steps back. */
const fainter: ExpressionSpecification = ['case', ['get', 'faint'], 0.35, 1];

function lookLayers(look: Look, { ink, width, dash, hatch }: Drawing, c: Colours, scale: number): LayerSpecification[] {
  const filter: ExpressionSpecification = ['==', ['get', 'look'], look];
  const line = { 'line-color': c[ink], 'line-width': width * scale, 'line-opacity': fainter, ...(dash.length && { 'line-dasharray': dash }) };
  const inside: LayerSpecification[] = hatch ? [{ id: `extent-${look}-inside`, type: 'fill', source: 'extents', filter, paint: { 'fill-pattern': hatch, 'fill-opacity': fainter } }] : [];
  const casing = { 'line-color': c.ground, 'line-width': (width + 2.5) * scale, 'line-opacity': 0.6 };
  return [...inside, { id: `extent-${look}-casing`, type: 'line', source: 'extents', filter, paint: casing }, { id: `extent-${look}`, type: 'line', source: 'extents', filter, paint: line }];
}

function extentLayers(c: Colours, scale: number): LayerSpecification[] {
  const looks = Object.entries(LOOKS) as [Look, Drawing][];
  return [
    ...looks.flatMap(([look, drawing]) => lookLayers(look, drawing, c, scale)),
    { id: 'extent-way', type: 'symbol', source: 'extents', filter: ['==', ['get', 'look'], 'path'], layout: { 'symbol-placement': 'line', 'symbol-spacing': 70, 'icon-image': 'arrow', 'icon-size': 0.7 * scale, 'icon-allow-overlap': true } },
  ];
}

function labelLayers(c: Colours, scale: number): LayerSpecification[] {
  const near = 16.5 + Math.log2(scale);
  const halo = { 'text-halo-color': c.ground, 'text-halo-width': 1.4 };
  return [
    {
      id: 'labels', type: 'symbol', source: 'labels',
      layout: { 'text-field': ['get', 'name'], 'text-font': FONT, 'text-size': 12 * scale, 'text-max-width': 8, 'text-padding': 12, 'symbol-sort-key': ['coalesce', ['get', 'rank'], 9] },
      paint: { 'text-color': c.second, ...halo },
    },
    { id: 'tracks', type: 'circle', source: 'tracks', minzoom: 15, paint: { 'circle-radius': 2.5 * scale, 'circle-color': ['match', ['get', 'label'], 'person', c.text, c.second], 'circle-opacity': 0.9 } },
    { id: 'sensors', type: 'symbol', source: 'sensors', layout: { 'icon-image': ['step', ['zoom'], ['get', 'mark'], near - 0.7, ['get', 'near']], 'icon-size': scale, 'icon-allow-overlap': true, 'icon-ignore-placement': true } },
    {
      id: 'sensor-labels', type: 'symbol', source: 'sensors', minzoom: near, layout: sensorText(scale), filter: ['any', ['!=', ['get', 'family'], 'camera'], ['>=', ['zoom'], near + 1.5]],
      paint: { 'text-color': c.second, ...halo },
    },
    {
      id: 'sensor-trouble', type: 'symbol', source: 'sensors', filter: ['get', 'loud'], maxzoom: near, minzoom: near - 2, layout: sensorText(scale),
      paint: { 'text-color': c.text, ...halo },
    },
    {
      id: 'extent-label', type: 'symbol', source: 'extents', filter: ['!', ['get', 'faint']],
      layout: { 'symbol-placement': 'line', 'symbol-spacing': 400, 'text-field': ['get', 'label'], 'text-font': FONT, 'text-size': 12 * scale, 'text-offset': [0, -0.9], 'text-max-angle': 70 },
      paint: { 'text-color': c.text, 'text-halo-color': c.ground, 'text-halo-width': 2 },
    },
    {
      id: 'incidents', type: 'symbol', source: 'incidents',
      layout: {
        'icon-image': ['get', 'mark'], 'icon-size': scale, 'icon-allow-overlap': true, 'icon-ignore-placement': true, 'symbol-sort-key': ['-', 4, ['get', 'rank']],
        'text-field': ['get', 'label'], 'text-font': FONT, 'text-size': 13 * scale, 'text-offset': [0, 1.6], 'text-anchor': 'top', 'text-max-width': 14, 'text-optional': true,
      },
      paint: { 'text-color': c.text, 'text-halo-color': c.ground, 'text-halo-width': 2 },
    },
  ];
}

function sensorText(scale: number): Extract<LayerSpecification, { type: 'symbol' }>['layout'] {
  return { 'text-field': ['get', 'label'], 'text-font': FONT, 'text-size': 11 * scale, 'text-offset': [0, 1], 'text-anchor': 'top', 'text-optional': true };
}

/** The whole style for one theme and one city; `scale` enlarges marks and words for screens read from afar. */
export function styleOf(c: Colours, ground: CityGround, scale: number): StyleSpecification {
  const sources = Object.fromEntries([
    ...GROUND.map((name) => [name, data(ground[name] ?? NOTHING)]),
    ...DRAWN.map((name) => [name, data(NOTHING)]),
  ]) as Record<string, SourceSpecification>;
  return { version: 8, sources, layers: [...groundLayers(c), ...areaLayers(c, scale), ...extentLayers(c, scale), ...labelLayers(c, scale)] };
}
