// Everything the console knows, and how each message changes it: pure functions, one place.
import {
  incidentFrom, precisionFrom, proposalFrom, sensorFrom, systemFrom,
  type City, type Finding, type Incident, type Operator, type Outcome, type Precision, type Proposal,
  type SensorRow, type StateMessage, type System,
} from './wire';

export interface World {
  city: City;
  incidents: ReadonlyMap<string, Incident>;
  proposals: ReadonlyMap<string, Proposal>;
  outcomes: ReadonlyMap<string, Outcome>;
  sensors: ReadonlyMap<string, SensorRow>;
  raw: ReadonlyMap<string, Finding>;
  system: System;
  precision: Readonly<Record<string, Precision>>;
  onDuty: readonly string[];
  operators: readonly Operator[];
}

export type Message =
  | { event: 'incident'; data: Partial<Incident> }
  | { event: 'proposal'; data: Partial<Proposal> }
  | { event: 'outcome'; data: Outcome }
  | { event: 'sensor'; data: Partial<SensorRow>[] }
  | { event: 'finding'; data: Finding }
  | { event: 'system'; data: Partial<System> };

/** Most outcomes and raw findings that the console remembers; older ones are in the ledger. */
export const REMEMBERED_MAX = 500;

const byId = <T extends { id: string }>(rows: T[]): Map<string, T> => new Map(rows.map((row) => [row.id, row]));

/** The world as /api/state tells it. */
export function worldFrom(state: StateMessage): World {
  const world: World = {
    city: state.city,
    incidents: byId((state.incidents ?? []).map(incidentFrom)),
    proposals: byId((state.proposals ?? []).map(proposalFrom)),
    outcomes: byId(state.outcomes ?? []),
    sensors: byId((state.sensors ?? []).map(sensorFrom)),
    raw: new Map(),
    system: systemFrom(state.system ?? {}),
    precision: Object.fromEntries(Object.entries(state.precision ?? {}).map(([name, row]) => [name, precisionFrom(row)])),
    onDuty: state.on_duty ?? [],
    operators: state.operators ?? [],
  };
  return (state.findings ?? []).reduce(withFinding, world);
}

function put<T extends { id: string }>(rows: ReadonlyMap<string, T>, row: T): Map<string, T> {
  const next = new Map(rows);
  next.set(row.id, row);
  const oldest = next.size > REMEMBERED_MAX ? next.keys().next().value : undefined;
  if (oldest !== undefined) next.delete(oldest);
  return next;
}

/** Ids of the findings that an incident has taken over. */
export function adopted(incident: Incident): Set<string> {
  return new Set([incident.id, ...incident.stages.flatMap((stage) => [stage.id, ...stage.contributions.map((c) => c.id)])]);
}

function withIncident(world: World, incident: Incident): World {
  const known = world.incidents.get(incident.id);
  if (known && known.rev > incident.rev) return world; // an earlier revision that arrives late says nothing new
  const taken = adopted(incident);
  const raw = new Map([...world.raw].filter(([id]) => !taken.has(id)));
  return { ...world, raw, incidents: new Map(world.incidents).set(incident.id, incident) };
}

function withFinding(world: World, finding: Finding): World {
  for (const incident of world.incidents.values()) if (adopted(incident).has(finding.id)) return world;
  const heard = world.raw.get(finding.id)?.heard ?? finding.at; // told again with newer regions, it is no new alarm
  return { ...world, raw: put(world.raw, { ...finding, heard }) };
}

function withSensors(world: World, rows: Partial<SensorRow>[]): World {
  const sensors = new Map(world.sensors);
  for (const row of rows) sensors.set(row.id ?? '', sensorFrom(row));
  return { ...world, sensors };
}

/** The world after one message. */
export function reduce(world: World, message: Message): World {
  switch (message.event) {
    case 'incident':
      return withIncident(world, incidentFrom(message.data));
    case 'proposal':
      return { ...world, proposals: new Map(world.proposals).set(message.data.id ?? '', proposalFrom(message.data)) };
    case 'outcome':
      return { ...world, outcomes: put(world.outcomes, message.data) };
    case 'sensor':
      return withSensors(world, message.data);
    case 'finding':
      return withFinding(world, message.data);
    case 'system':
      return { ...world, system: systemFrom(message.data) };
  }
}
