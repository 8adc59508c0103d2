import type { Change, IncidentEvent } from './event.ts';
import type { Severity } from '../alarm/severity.ts';
import type { Area, CloseDisposition, Incident, IncidentKind, Member } from './incident.ts';
import { type Gathering, linesOf } from './gathering.ts';
import { incidentNumber } from './incident-id.ts';
import type { Incidents } from './incidents.ts';
import { digestNoticeId, type Notice, type NoticeKind, stepNoticeId, versionNoticeId, wants } from './notice.ts';
import { type Beginning, nextRun } from './next-run.ts';
import { type DueStep, dueSteps } from './run.ts';
import type { Lately } from './lately.ts';
import { DIGEST_MS, type Settings } from './settings.ts';
import { endedBy } from './timers.ts';

/** That an alarm is to be acknowledged, because somebody took its incident. The same take gives the same id, so that a repeat does nothing. */
export interface Acknowledgement {
  readonly id: string;
  readonly alarm: string;
  readonly sensor: number;
  readonly version: number;
  readonly by: string;
}

const NOBODY: ReadonlySet<string> = new Set();

/** What one signal leads to: each event is in the incidents as soon as it is decided, so that the next decision knows it. */
export class Decisions {
  readonly incidents: Incidents;
  readonly settings: Settings;
  /** Epoch ms of the engine. */
  readonly now: number;
  readonly events: IncidentEvent[] = [];
  readonly notices: Notice[] = [];
  readonly acknowledgements: Acknowledgement[] = [];
  readonly lately: Lately;
  /** The last tick, epoch ms: for spans between signals, so that a wrong clock elsewhere makes them neither longer nor shorter. */
  readonly tick: number;
  readonly offset: number;
  readonly #gathering: Gathering;
  #opened = 0;

  constructor(
    state: { readonly incidents: Incidents; readonly gathering: Gathering; readonly lately: Lately; readonly settings: Settings },
    { now, tick, offset }: { readonly now: number; readonly tick: number; readonly offset: number },
  ) {
    this.incidents = state.incidents;
    this.#gathering = state.gathering;
    this.lately = state.lately;
    this.settings = state.settings;
    this.now = now;
    this.tick = tick;
    this.offset = offset;
  }

  emit({ id }: Pick<Incident, 'id'>, change: Change): Incident {
    const event = { incident: id, at: this.now, cause: this.offset, ...change };
    this.events.push(event);
    return this.incidents.apply(event, this.settings);
  }

  open(key: string, kind: IncidentKind, member: Member, its: { readonly place?: Area; readonly recurring?: true }): Incident {
    const id = incidentNumber(this.offset, this.#opened++);
    const previous = this.incidents.previousOf(key, this.now);
    const incident = this.emit({ id }, { event: 'opened', key, kind, member, ...its, ...(previous !== undefined && { previous }) });
    return this.run(incident, incident.recurring);
  }

  /** Begins the next run: who is told, and when, is chosen anew. What is due at once is said; `gathered`: in digests. */
  run(incident: Incident, gathered?: boolean): Incident {
    return this.#begin(incident, { startedAt: this.now, gathered, settles: incident.run.n === 0 }).reduce(
      (before, due) => this.say(before, due),
      this.#latest(incident),
    );
  }

  /** Goes on with the protocol that its place asks for, in the time that has passed: whoever should have been told by now and wasn't, is. */
  rerun(incident: Incident): Incident {
    const { told } = incident;
    const { startedAt, gathered, n } = incident.run;
    return this.#begin(incident, { startedAt, gathered, settles: n === 1 }).reduce(
      (before, due) => this.say(before, due, told),
      this.#latest(incident),
    );
  }

  /** Says a step of the run to its targets, but for those who know. */
  say(incident: Incident, { step, repetition }: DueStep, knowing: ReadonlySet<string> = NOBODY): Incident {
    const { id, run, told } = incident;
    const to = this.#known(run.steps[step]?.to ?? []).filter((target) => !knowing.has(target));
    const kindFor = (target: string) => stepKind(incident, step, repetition, told.has(target));
    const wanted = to.filter((target) => this.#isToldNow(incident, target, kindFor(target), step === 0));
    const skipped = repetition - (run.said[step] ?? 0);
    const after = this.emit(incident, { event: 'said', step, repetition, skipped, to: wanted });
    for (const target of wanted) this.#notice(after, target, kindFor(target), stepNoticeId(id, run.n, step, repetition, target));
    return after;
  }

  /** Passes a step over: it was due while nobody could say it, and something graver is said instead. */
  skip(incident: Incident, { step, repetition }: DueStep): Incident {
    const skipped = repetition + 1 - (incident.run.said[step] ?? 0);
    return this.emit(incident, { event: 'said', step, repetition, skipped, to: [] });
  }

  /** Tells targets of a change that is no step; those who were told by default. */
  tell(incident: Incident, kind: NoticeKind, targets: Iterable<string> = incident.told): Incident {
    const to = this.#known([...targets]).filter((target) => this.#isToldNow(incident, target, kind));
    if (to.length === 0) return incident;
    const after = to.every((target) => incident.told.has(target)) ? incident : this.emit(incident, { event: 'told', to });
    for (const target of to) this.#notice(after, target, kind, versionNoticeId(after.id, kind, after.version, target));
    return after;
  }

  /** Sends what was gathered for targets and is due. */
  sendDigests(): void {
    for (const window of this.#gathering.takeDue(this.now, this.settings)) {
      const gathered = [...window.incidents].flatMap((id) => this.incidents.get(id) ?? []);
      const { lines, more } = linesOf(window, gathered);
      if (lines.length === 0) continue;
      const [target = window.target] = this.#known([window.target]);
      const told = lines.map((incident) => (incident.told.has(target) ? incident : this.emit(incident, { event: 'told', to: [target] })));
      this.notices.push({
        id: digestNoticeId(target, this.offset),
        target,
        kind: 'digest',
        at: this.now,
        lines: told.map(({ id, version }) => ({ incident: id, sequence: version })),
        more,
      });
    }
  }

  close(
    incident: Incident,
    by: string,
    disposition: CloseDisposition,
    closing: { standing: boolean; note?: string; isRestored?: boolean },
  ): Incident {
    const { standing, note, isRestored } = closing;
    const after = this.emit(incident, {
      event: 'closed',
      closing: { by, at: this.now, disposition, why: isRestored ? 'restored' : 'operator', standing, ...(note !== undefined && { note }) },
    });
    return this.tell(after, 'closed');
  }

  giveBack(incident: Incident, why: Extract<Change, { event: 'returned' }>['why']): Incident {
    return this.run(this.emit(incident, { event: 'returned', why }));
  }

  /** How long a claim on it lasts without a sign of its owner, ms. */
  attentionMs({ severity }: Pick<Incident, 'severity'>): number {
    const { critical, other } = this.settings.attentionMs;
    return severity === 'CRITICAL' ? critical : other;
  }

  /** Begins the next run as if at that time; returns the steps that are due. */
  #begin(incident: Incident, how: Omit<Beginning, 'isFlood'>): DueStep[] {
    const run = nextRun(incident, this.settings, this.now, { ...how, isFlood: this.lately.flood.isOn });
    const begun = this.emit(incident, { event: 'ran', run });
    return dueSteps(begun.run, endedBy(begun), this.now);
  }

  #latest({ id }: Incident): Incident {
    return this.incidents.known(id);
  }

  #notice({ id, version }: Incident, target: string, kind: NoticeKind, noticeId: string): void {
    this.notices.push({ id: noticeId, incident: id, target, kind, at: this.now, sequence: version });
  }

  /** The targets that exist, each once; one that was removed from the settings is replaced, since somebody has to be told. */
  #known(names: readonly string[]): string[] {
    const { targets, fallback } = this.settings;
    return [...new Set(names.map((name) => (targets.some((target) => target.name === name) ? name : fallback)))];
  }

  /** Whether a target wants to hear of it, and at once. */
  #isToldNow(incident: Incident, name: string, kind: NoticeKind, isFirst = false): boolean {
    const target = this.settings.targets.find((one) => one.name === name) ?? { name };
    const canWait = isFirst && incident.run.gathered === true;
    const { digestMs = canWait ? DIGEST_MS : undefined } = target;
    const patient = digestMs === undefined ? target : { ...target, digestMs };
    return wants(target, kind) && !this.#gathering.keeps(patient, incident, this.now, this.settings.zone);
  }
}

/** Something that the engine itself raises. */
export function conditionOf({ now }: Decisions, id: string, type: string, severity: Severity): Member {
  return { id, type, severity, lifeSafety: false, raisedAt: now, active: true, version: 1 };
}

function stepKind({ run, returned }: Incident, step: number, repetition: number, isTold: boolean): NoticeKind {
  if (!isTold) return 'opened';
  if (repetition > 0) return 'reminder';
  if (step > 0) return 'escalated';
  if (returned !== undefined) return 'returned';
  return run.n > 1 ? 'updated' : 'escalated';
}
