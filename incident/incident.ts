import type { Severity } from '../alarm/severity.ts';
import type { Run } from './run.ts';

/**
 * Of one premises: `alarm`, what sensors raised there; an operator closes it. `trouble`, what keeps sensors there from doing so; it closes itself.
 * Of many: `fire`, of an area; an operator closes it. `outage`: many sensors silent at once. `flood`: more incidents than can be read. `platform`: of the
 * system itself. `quality`: too many lines were refused. These four close themselves.
 */
export const INCIDENT_KINDS = ['alarm', 'trouble', 'fire', 'outage', 'flood', 'platform', 'quality'] as const;
export type IncidentKind = (typeof INCIDENT_KINDS)[number];
export type PremisesKind = 'alarm' | 'trouble';

/** Who has it. Whether anything still is active is a question of its own: see `isActive`. */
export const PHASES = ['NEW', 'TAKEN', 'HELD', 'CLOSED'] as const;
export type Phase = (typeof PHASES)[number];

export const CLOSE_DISPOSITIONS = ['genuine', 'false', 'test', 'aborted', 'duplicate', 'unknown'] as const;
export type CloseDisposition = (typeof CLOSE_DISPOSITIONS)[number];

/** Where a sensor is, as the directory said when it was asked. */
export interface Place {
  readonly site: string;
  readonly region?: string;
  /** Geohash. */
  readonly cell?: string;
}

/** Where an incident of many premises is, as far as it is somewhere. */
export type Area = Partial<Place>;

/** An alarm or a trouble of an incident, as it was last heard of; in a fire of an area the incident of a premises. */
export interface Member {
  /** Of the alarm or trouble; unique among all. */
  readonly id: string;
  /** Undefined: it is not about one. */
  readonly sensor?: number;
  readonly type: string;
  readonly severity: Severity;
  readonly lifeSafety: boolean;
  /** By the clock of the sensor's side, epoch ms: compared with other members' only, it starts no timer. */
  readonly raisedAt: number;
  /** When the system got what raised it, by the clock of whoever took it; epoch ms. */
  readonly receivedAt?: number;
  readonly active: boolean;
  /** Who acknowledged it through the alarm itself. */
  readonly acknowledgedBy?: string;
  readonly version: number;
}

/** How many members of an incident have left it for others. */
export interface Crowd {
  readonly types: Readonly<Record<string, number>>;
  /** How many of them were active when they left. */
  readonly active: number;
}

/** An operator's hold on an incident. Times are the engine's, epoch ms; each timer is where it began and how long it runs, so that it can be set right. */
export interface Claim {
  readonly owner: string;
  readonly since: number;
  /** Since when, and for how long, nothing need be seen of the owner. */
  readonly attention: { readonly from: number; readonly ms: number };
  readonly hold?: { readonly from: number; readonly ms: number; readonly why: string };
  /** They want to hand it over: to somebody, or to whoever accepts. `id` is shared by all that is offered together. */
  readonly offer?: { readonly id: string; readonly to?: string; readonly from: number; readonly ms: number };
}

/** When what came of it first, epoch ms: what was quick enough is measured by these. */
export interface Clock {
  /** By the clocks of the sensor's side: at the edge of the system, and as the alarm has it. */
  readonly received?: number;
  readonly raised?: number;
  /** By the engine's. */
  readonly opened: number;
  /** The first word of it has arrived with a target. */
  readonly notified?: number;
  /** It was on the page of an operator. */
  readonly shown?: number;
  readonly taken?: number;
  /** Somebody was sent there. */
  readonly dispatched?: number;
  readonly restored?: number;
  readonly closed?: number;
}

export interface Closing {
  readonly by: string;
  readonly at: number;
  readonly disposition: CloseDisposition;
  readonly why: 'operator' | 'restored' | 'merged';
  /** Something was still active, and the operator said so. */
  readonly standing: boolean;
  readonly note?: string;
  /** Where the members went, if it was merged. */
  readonly into?: number;
}

/** All that happens at one premises, from the first alarm to its closing. Immutable; `evolve` makes the next version. */
export interface Incident {
  /** From the input alone: see `incidentNumber`. */
  readonly id: number;
  /** `kind:scope`; at most one incident of a key is open. */
  readonly key: string;
  readonly kind: IncidentKind;
  readonly place?: Area;
  /** The incident of many premises that it belongs to, or belonged to. */
  readonly parent?: number | undefined;
  /** It says nothing as long as that is open. */
  readonly isPaused?: boolean;
  /** When a member about life safety last joined. */
  readonly hotAt?: number | undefined;
  /** The last one of the key, if that was closed less than a day before. */
  readonly previous?: number;
  readonly phase: Phase;
  /** The highest ever; it never falls. */
  readonly severity: Severity;
  /** Two members that confirm each other. */
  readonly confirmed?: readonly [string, string];
  /** In the order in which they joined, at most `MEMBERS_MAX`. */
  readonly members: readonly Member[];
  /** Those for whom there was no more room. */
  readonly crowd?: Crowd;
  /** How many are active, those without room among them: they count until a person closes it, since their end is not heard of. */
  readonly active: number;
  /** The version when a member last joined: what an operator must have seen to close. */
  readonly membersVersion: number;
  /** One more with each event. */
  readonly version: number;
  /** Members that joined since its owner last looked. */
  readonly unseen: number;
  readonly openedAt: number;
  /** When the last active member cleared; undefined while one is active. */
  readonly restoredAt?: number | undefined;
  /** When it last changed by a person, or lost its owner. */
  readonly touchedAt: number;
  readonly claim?: Claim | undefined;
  /** Why it lost its owner, if it did. */
  readonly returned?: string | undefined;
  readonly run: Run;
  /** Targets that got a notice of it. */
  readonly told: ReadonlySet<string>;
  /** The detector that opened it does so again and again: its first word can wait for a digest. */
  readonly recurring?: true;
  readonly closing?: Closing;
  /** How many lines were refused, if it is about these. */
  readonly count?: number;
  /** It was active for so long that there is a trouble of it. */
  readonly isUnrestored?: true;
  readonly clock: Clock;
  /** From when it became worse, for the last time. */
  readonly worseClock?: Clock;
}

export function isOpen({ phase }: Pick<Incident, 'phase'>): boolean {
  return phase !== 'CLOSED';
}

export function isActive({ restoredAt }: Pick<Incident, 'restoredAt'>): boolean {
  return restoredAt === undefined;
}

/** Its word can wait. */
export function isSmall({ severity }: Pick<Incident, 'severity'>): boolean {
  return severity === 'MINOR' || severity === 'WARNING';
}

export function closesItself({ kind }: Pick<Incident, 'kind'>): boolean {
  return kind !== 'alarm' && kind !== 'fire';
}

/** Six characters of a geohash: 1.2 by 0.6 km at the equator. */
const CELL_LENGTH = 6;

/** The cell by which fires of an area are found; undefined: it is none of a premises, or its place isn't known that well. */
export function cellOf({ kind, place }: Pick<Incident, 'kind' | 'place'>): string | undefined {
  const { cell = '' } = place ?? {};
  return kind !== 'alarm' || cell.length < CELL_LENGTH ? undefined : cell.slice(0, CELL_LENGTH);
}
