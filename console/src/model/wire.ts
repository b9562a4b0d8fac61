// What the server sends: the nouns of src/tocsin/model as JSON, with omitted defaults filled in.

export type Origin = 'live' | 'replay' | 'simulated' | 'exercise';
export type Priority = 0 | 1 | 2 | 3;
export type Basis = 'measured' | 'counted' | 'default';
export type IncidentState = 'open' | 'acknowledged' | 'shelved' | 'returned' | 'closed' | 'merged';
export type Verdict = 'true' | 'benign cause' | 'false' | 'unknown';
export type SourceState = 'staged' | 'in service' | 'test' | 'maintenance' | 'calibration overdue';
export type Condition = 'ok' | 'silent' | 'suspect' | 'compromised';
export type Position = [number, number];

export interface Place {
  lon: number;
  lat: number;
  radius_m?: number;
  name?: string;
  zone?: string;
  building?: string;
  floor?: number | null;
  height_m?: number | null;
  area?: Position[];
}

export interface Weight {
  nats: number;
  basis: Basis;
  text: string;
}

/** A region or line on the map that a finding is about, as it is thought to be at `at`; `path` has open lines. */
export interface Extent {
  kind: string;
  label: string;
  rings: Position[][];
  at?: number;
  probability?: number;
  measure?: number;
  unit?: string;
  people?: number;
}

/** A number that a finding concludes, with its 90 % interval where one is known; `unit` is a UCUM code. */
export interface Figure {
  name: string;
  value: number;
  unit: string;
  low?: number;
  high?: number;
  field_value?: number;
  field_unit?: string;
  note?: string;
}

export interface Contribution {
  id: string;
  role: 'prior' | 'for' | 'against' | 'context';
  because: string;
  nats: number;
  weight: Weight;
  at: number;
  source?: string;
  detector?: string;
  note?: string;
  evidence?: string[];
  rule?: string;
  tactic?: string;
  technique?: string;
  extents?: Extent[];
  figures?: Figure[];
}

/** One step of an attack: its ATT&CK tactic, when first seen, by which techniques. */
export interface Reached {
  tactic: string;
  name: string;
  since: number;
  techniques?: string[];
}

export interface Stage {
  id: string;
  hazard: string;
  kind: string;
  title: string;
  log_odds: number;
  contributions: Contribution[];
  since: number;
  last: number;
  priority: Priority;
  subject?: string;
  place?: Place | null;
  actors?: string[];
  targets?: string[];
  actors_count?: number;
  targets_count?: number;
  reached?: Reached[];
  left_out?: number;
  left_out_because?: string;
}

export interface Note {
  at: number;
  by: string;
  verb: string;
  text?: string;
}

export interface Incident {
  id: string;
  rev: number;
  at: number;
  origin: Origin;
  title: string;
  sentence: string;
  next_step: string;
  state: IncidentState;
  priority: Priority;
  score: number;
  score_label: string;
  stages: Stage[];
  since: number;
  place: Place | null;
  people_near: number | null;
  affected: string[];
  unknowns: string[];
  assignee: string;
  notes: Note[];
  verdict: Verdict | null;
  shelved_until: number | null;
  merged_into: string;
  cost: number;
  digest: string;
}

export interface Proposal {
  id: string;
  at: number;
  origin: Origin;
  responder: string;
  incident: string;
  title: string;
  because: string;
  draft: string;
  rev: number;
  approvers: number;
  typed: string;
  automatic: boolean;
  place: Place | null;
  people_reached: number | null;
  expires: number | null;
  state: string;
  languages: string[];
}

export interface Outcome {
  id: string;
  at: number;
  origin: Origin;
  action: string;
  delivery: string;
  state: string;
  text?: string;
}

/** A raw priority 0 finding, shown even when fusion is down. `heard` is when this console first heard of it. */
export interface Finding {
  id: string;
  at: number;
  origin: Origin;
  kind: string;
  subject: string;
  because: string;
  source?: string;
  place?: Place | null;
  extents?: Extent[];
  figures?: Figure[];
  heard?: number;
}

export interface SensorRow {
  id: string;
  family: string;
  name: string;
  place: Place | null;
  state: SourceState;
  condition: Condition;
  last_at: number | null;
  silent_after_s: number;
  value: string;
  assumed: string[];
  bearing_deg: number | null;
  field_deg: number;
  range_m: number;
  sees: string[];
  staged: boolean;
  via: string;
  level_max: number;
}

export interface Bucket {
  at: number;
  count: number;
}

export interface System {
  now: number;
  uptime_s: number;
  events_per_s: number;
  accepted: number;
  rejected: number;
  duplicates: number;
  staged: number;
  /** Alarms that began in each of the last 60 minutes, oldest first. */
  alarms: Bucket[];
  alarm_limit_10min: number;
  last_alarm_at: number | null;
  /** How many lie in quarantine, by reason. */
  quarantine: Record<string, number>;
  ledger: Record<string, string | number | boolean | null>;
  log: Record<string, number>;
  outbox: Record<string, number>;
  stages: { name: string; kind: string; seen: number; out: number; keys: number; failed: number; problem: string }[];
  sources: { id: string; kind: string; received: number; rejected: number; last_at: number | null; problem: string; listens?: string }[];
  reporting: { family: string; reporting: number; total: number }[];
  memory_mb: number;
  rules: RulesRow | null;
  ok: boolean;
  problems: string[];
}

/** A rule, or a file of rules, that cannot be used: where, which feature it stumbles on, and why. */
export interface Refused {
  path: string;
  line: number;
  feature: string;
  reason: string;
}

/** The rules in force, in short. */
export interface RulesRow {
  digest: string;
  loaded: number;
  correlations: number;
  refused_count: number;
  refused?: Refused[];
  unfed?: number;
  tuned?: number;
  suppressed_hits?: number;
  problem?: string;
}

/** An exception of a rule: not for events with these values (`field=value`). */
export interface Exempt {
  values: string[];
  until: number;
  reason: string;
  by?: string;
}

/** One rule as it stands now. */
export interface RuleLine {
  id: string;
  title: string;
  level: string;
  family: string;
  path: string;
  line: number;
  hits?: number;
  suppressed?: number;
  last_at?: number | null;
  suppressed_until?: number | null;
  reason?: string;
  by?: string;
  exempt?: Exempt[];
  looks_at?: string;
  state?: string;
}

/** All rules, and all that is not one. */
export interface RuleList {
  summary: RulesRow;
  rules: RuleLine[];
  refused: Refused[];
  unfed: { looks_at: string; rules: number }[];
}

/** A tag of a rule with its name, where it is known. */
export interface Tag {
  tag: string;
  kind?: string;
  id?: string;
  name?: string;
}

/** One rule, whole. */
export interface RuleShown {
  rule: RuleLine;
  digest: string;
  text: string;
  words: string;
  attack?: Tag[];
  description?: string;
  author?: string;
  falsepositives?: string[];
  correlates?: { id: string; title: string; text?: string }[];
  correlated_by?: { id: string; title: string }[];
  forecast?: string;
  changed?: string;
}

/** Somebody asks whose token this is; `asked_by` is a pseudonymous account. */
export interface NameRequest {
  id: string;
  token: string;
  reason: string;
  incident: string;
  asked_by: string;
  role: string;
  at: number;
  until: number;
  zone?: string;
}

/** The brought name that has the token, empty where none has; how many were tried. */
export interface Revealed {
  name: string;
  tried: number;
}

/** One field that made a rule hold; `native` is where it lies in the row. */
export interface Mark {
  field: string;
  native?: string;
  values?: string[];
  wanted?: string[];
  personal?: boolean;
}

/** A piece of one line of a rule's text: line, first column, column after the last. */
export type Span = [number, number, number];

/** Why a rule held for one reading; `part` is the rule whose text the spans are of. */
export interface Matched {
  rule: string;
  digest?: string;
  part?: string;
  fields?: Mark[];
  spans?: Span[];
  problem?: string;
}

/** One reading behind a contribution; `raw` is a row of a log, `body` what a sensor said. */
export interface Reading {
  id: string;
  at: number;
  source: string;
  level?: number;
  lease?: string;
  late?: boolean;
  text: string;
  raw?: Record<string, unknown> | null;
  body?: Record<string, unknown> | null;
  matched?: Matched[];
}

export interface City {
  name: string;
  centre: Position;
  bounds: [number, number, number, number];
  origin: Origin;
  banner: string;
  attribution: string;
}

export interface Precision {
  true: number;
  benign: number;
  false: number;
  unknown: number;
  precision: number | null;
}

export interface Operator {
  account: string;
  name: string;
}

export interface StateMessage {
  city: City;
  now: number;
  event: number | string;
  incidents: Partial<Incident>[];
  proposals: Partial<Proposal>[];
  outcomes: Outcome[];
  findings?: Finding[];
  sensors: Partial<SensorRow>[];
  system: Partial<System>;
  precision: Record<string, Partial<Precision>>;
  on_duty: string[];
  operators: Operator[];
}

const INCIDENT: Omit<Incident, 'id'> = {
  rev: 0, at: 0, origin: 'live', title: '', sentence: '', next_step: '', state: 'open', priority: 3, score: 0,
  score_label: 'score, not calibrated', stages: [], since: 0, place: null, people_near: null, affected: [],
  unknowns: [], assignee: '', notes: [], verdict: null, shelved_until: null, merged_into: '', cost: 0, digest: '',
};

const PROPOSAL: Omit<Proposal, 'id'> = {
  at: 0, origin: 'live', responder: '', incident: '', title: '', because: '', draft: '', rev: 1, approvers: 1,
  typed: '', automatic: false, place: null, people_reached: null, expires: null, state: 'draft', languages: [],
};

const SENSOR: Omit<SensorRow, 'id'> = {
  family: 'other', name: '', place: null, state: 'in service', condition: 'ok', last_at: null, silent_after_s: 60,
  value: '', assumed: [], bearing_deg: null, field_deg: 360, range_m: 0, sees: [], staged: false, via: '', level_max: 0,
};

const SYSTEM: System = {
  now: 0, uptime_s: 0, events_per_s: 0, accepted: 0, rejected: 0, duplicates: 0, staged: 0, alarms: [], alarm_limit_10min: 1,
  last_alarm_at: null, quarantine: {}, ledger: {}, log: {}, outbox: {}, stages: [], sources: [], reporting: [], memory_mb: 0,
  rules: null, ok: true, problems: [],
};

const PRECISION: Precision = { true: 0, benign: 0, false: 0, unknown: 0, precision: null };

/** An incident with every omitted default filled in. */
export const incidentFrom = (raw: Partial<Incident>): Incident => ({ ...INCIDENT, id: '', ...raw });

/** A proposal with every omitted default filled in. */
export const proposalFrom = (raw: Partial<Proposal>): Proposal => ({ ...PROPOSAL, id: '', ...raw });

/** A sensor row with every omitted default filled in; a sensor without a name goes by its id. */
export function sensorFrom(raw: Partial<SensorRow>): SensorRow {
  const row = { ...SENSOR, id: '', ...raw };
  return { ...row, name: row.name || row.id };
}

/** The system's figures with every omitted default filled in. */
export const systemFrom = (raw: Partial<System>): System => ({ ...SYSTEM, ...raw });

/** Verdict counts of one detector with every omitted default filled in. */
export const precisionFrom = (raw: Partial<Precision>): Precision => ({ ...PRECISION, ...raw });
