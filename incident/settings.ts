import type { Severity } from '../alarm/severity.ts';
import type { NoticeKind } from './notice.ts';
import { defaultProtocols, type Protocol } from './protocol.ts';
import type { TimeOfDay } from './time-of-day.ts';

/** Somebody who is told. How, and where, is for whoever sends. */
export interface Target {
  readonly name: string;
  /** The kinds of notices that it wants; undefined: all but `taken`. */
  readonly want?: readonly NoticeKind[];
  /** What isn't critical waits until this time of day is over, and comes as one digest of what is still open then. */
  readonly quiet?: TimeOfDay;
  /** What isn't critical is gathered for so long from the first word on, ms. */
  readonly digestMs?: number;
}

/** What the rules leave to whoever runs the system. Spans in ms. */
export interface Settings {
  readonly targets: readonly Target[];
  /** Told where nobody else is, or nobody answers. */
  readonly fallback: string;
  /** The first that matches. */
  readonly protocols: readonly Protocol[];
  /** IANA name of the zone in which the protocols' times of day are meant. */
  readonly zone: string;
  readonly confirmWithinMs: number;
  /** For how long a claim lasts without a sign of its owner. */
  readonly attentionMs: { readonly critical: number; readonly other: number };
  /** A fire of an area: so many premises with smoke or heat within the span, in neighbouring cells. */
  readonly areaFire: { readonly sites: number; readonly withinMs: number };
  /** An outage: so many sensors of a region, and such a share of them (0 to 1), fall silent within the span. */
  readonly outage: { readonly sensors: number; readonly share: number; readonly withinMs: number };
  /** A flood begins when more than `begin` incidents open within the span, and ends when fewer than `end` did. */
  readonly flood: { readonly begin: number; readonly end: number; readonly withinMs: number };
  /** Too many refused lines: more than `lines` within the span, or more than a share (0 to 1) of what an origin sends, if these are at least `ofOrigin`. */
  readonly quality: { readonly lines: number; readonly share: number; readonly ofOrigin: number; readonly withinMs: number };
  /** Something still active so long after the opening, or after a closing in which it stood, is a trouble of its premises. */
  readonly restoralMs: { readonly critical: number; readonly other: number };
  /** When an incident that is restored, and that nobody has touched, closes by itself; never, if its severity has no span. */
  readonly closeRestoredMs: Partial<Record<Severity, number>>;
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** An owner is absent after this long without presence. */
export const ABSENT_AFTER_MS = MINUTE;
/** How long an owner has to look once the incident has become worse. */
export const LOOK_WITHIN_MS = MINUTE;
export const HOLD_MAX_MS = HOUR;
/** What is offered can be accepted for this long. */
export const OFFER_MS = 10 * MINUTE;
/** After its last step an incident that nobody took is unanswered after this long. */
export const UNANSWERED_AFTER_MS = 5 * MINUTE;
/** Longer between two ticks is a stop: operators could not act meanwhile. */
export const STOP_AFTER_MS = MINUTE;
/** After a stop claims are not judged for this long. */
export const GRACE_MS = 2 * MINUTE;
/** A closed incident is named as the previous one for this long, and answers for 30 days. */
export const PREVIOUS_FOR_MS = DAY;
export const CLOSED_FOR_MS = 30 * DAY;
/** So many members of an incident are kept. For the next one all but what is active and the newest leave: the log has them, the incident counts them. */
export const MEMBERS_MAX = 1_000;
export const MEMBERS_NEWEST = 100;
/** A digest has at most so many lines. */
export const DIGEST_LINES_MAX = 200;
/** Without a word of its own a target gets a digest of so long, where there is a reason for one. */
export const DIGEST_MS = 5 * MINUTE;
/** A detector that opens so many incidents within this long runs away, until it is not raised for so long. */
export const RUNAWAY_OPENINGS = 3;
export const RUNAWAY_WITHIN_MS = HOUR;
export const RUNAWAY_CALM_MS = 15 * MINUTE;
/** Of so many detectors it is known what they opened lately; the oldest are forgotten. */
export const DETECTORS_MAX = 10_000;
/** A trouble that is over closes after this long, if it stays so. */
export const TROUBLE_QUIET_MS = MINUTE;
/** How many lines were refused is said so often at most, told when they are so many times as many, and over when none came for so long. */
export const REFUSED_SAID_EVERY_MS = MINUTE;
export const REFUSED_WORSE = 10;
export const REFUSED_CALM_MS = 15 * MINUTE;
/** As long as this an outage must be over before it is closed. */
export const OUTAGE_QUIET_MS = 5 * MINUTE;
/** The type of a trouble: a sensor that should report and doesn't. */
export const SILENT = 'silent';
/** A part of the system that isn't well is told of after this long; with so many before it, it is told of together with all that follow. */
export const UNWELL_FOR_MS = MINUTE;
export const PARTS_ALONE = 2;

/** Without any settings: one target, told by escalation only, since each alarm has a mail of its own. */
export function defaultSettings(target: string): Settings {
  return {
    targets: [{ name: target }],
    fallback: target,
    protocols: defaultProtocols(target),
    zone: 'UTC',
    confirmWithinMs: 30 * MINUTE,
    attentionMs: { critical: 10 * MINUTE, other: 30 * MINUTE },
    areaFire: { sites: 3, withinMs: 15 * MINUTE },
    outage: { sensors: 50, share: 0.1, withinMs: 5 * MINUTE },
    flood: { begin: 10, end: 5, withinMs: 10 * MINUTE },
    quality: { lines: 20, share: 0.05, ofOrigin: 5, withinMs: 5 * MINUTE },
    restoralMs: { critical: 4 * HOUR, other: DAY },
    closeRestoredMs: { WARNING: HOUR, MINOR: DAY, MAJOR: 7 * DAY },
  };
}
