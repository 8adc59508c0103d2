import type { Answer } from '../../incident/answer.ts';
import { type Effects, IncidentEngine } from '../../incident/engine.ts';
import type { Incident, Member, Place } from '../../incident/incident.ts';
import type { Notice } from '../../incident/notice.ts';
import { defaultSettings, type Settings } from '../../incident/settings.ts';
import type { IncidentAction, Signal, SignalRecord } from '../../incident/signal.ts';

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
export const TEN = Date.parse('2026-03-02T10:00:00Z');

const TYPES = {
  smoke: { severity: 'CRITICAL', lifeSafety: true },
  temperature: { severity: 'MAJOR', lifeSafety: true },
  motion: { severity: 'MINOR', lifeSafety: false },
  battery: { severity: 'WARNING', lifeSafety: false },
  silent: { severity: 'WARNING', lifeSafety: false },
} as const;

export interface Raise {
  readonly type?: keyof typeof TYPES;
  readonly id?: string;
  /** Undefined: the site `home`; null: unknown. */
  readonly site?: string | null;
  readonly region?: string;
  readonly cell?: string;
  readonly at?: number;
  readonly of?: 'alarm' | 'trouble';
}

/** Everything is told at once to `desk`, then after 90 s to `chief`, if nobody has taken it, three times every 5 min. */
export const SETTINGS: Settings = {
  ...defaultSettings('desk'),
  flood: { begin: 1_000, end: 500, withinMs: 10 * MINUTE },
  targets: [{ name: 'desk' }, { name: 'chief' }, { name: 'north', want: ['opened', 'closed', 'taken'] }],
  protocols: [
    {
      name: 'all',
      when: {},
      steps: [
        { afterMs: 0, to: ['desk'], unless: ['taken'], times: 1 },
        { afterMs: 90 * SECOND, to: ['chief'], unless: ['taken'], everyMs: 5 * MINUTE, times: 3 },
      ],
    },
  ],
};

type Single = Exclude<IncidentAction, { kind: 'offer' | 'accept' }>;
type Wanted = Single extends infer A ? (A extends Single ? Omit<A, 'id' | 'incident' | 'by'> : never) : never;

/** A receiving centre in a test: an engine, the clock of its owner, and what came out so far. */
export class ReceivingCentre {
  engine: IncidentEngine;
  readonly records: SignalRecord[] = [];
  readonly notices: Notice[] = [];
  readonly answers: Answer[] = [];
  readonly effects: Effects[] = [];
  now = TEN;
  #actions = 0;
  #members = new Map<string, { member: Member & { sensor: number }; of: 'alarm' | 'trouble'; place?: Place }>();

  constructor(settings: Settings = SETTINGS) {
    this.engine = new IncidentEngine(settings);
    this.signal({ signal: 'tick', at: this.now, epoch: 1 });
  }

  signal(signal: Signal, at = this.now): void {
    const record = { offset: this.records.length, at, signal };
    this.records.push(record);
    this.engine.input(record);
    const effects = this.engine.takeEffects();
    this.effects.push(effects);
    this.notices.push(...effects.notices);
    this.answers.push(...effects.answers);
  }

  /** An alarm of a sensor is raised; returns its id. */
  raise(
    sensor: number,
    {
      type = 'smoke',
      id = `${sensor}-${type}-${this.records.length}`,
      site = 'home',
      region,
      cell,
      at = this.now,
      of = 'alarm',
    }: Raise = {},
  ): string {
    const member = { id, sensor, type, ...TYPES[type], raisedAt: at, active: true, version: 1 };
    const place = site === null ? {} : { place: { site, ...(region !== undefined && { region }), ...(cell !== undefined && { cell }) } };
    this.#members.set(id, { member, of, ...place });
    this.signal({ signal: 'condition', of, member, ...place });
    return id;
  }

  clear(id: string): void {
    this.#change(id, { active: false });
  }

  /** Acknowledged through the alarm itself. */
  acknowledge(id: string, by: string): void {
    this.#change(id, { acknowledgedBy: by });
  }

  again(id: string): void {
    this.#change(id, {});
  }

  place(sensor: number, site: string, region?: string): void {
    this.signal({ signal: 'placed', sensor, place: { site, ...(region !== undefined && { region }) } });
  }

  /** Offers what somebody has; returns the answer, whose action is the offer. */
  offer(by: string, incidents: readonly number[] | 'all', to?: string): Answer {
    const id = `a${++this.#actions}`;
    this.signal({ signal: 'action', action: { kind: 'offer', id, by, incidents, ...(to !== undefined && { to }) } });
    return this.answers.at(-1) as Answer;
  }

  accept(by: string, offer: string): Answer {
    this.signal({ signal: 'action', action: { kind: 'accept', id: `a${++this.#actions}`, by, offer } });
    return this.answers.at(-1) as Answer;
  }

  act(by: string, incident: Incident, action: Wanted, id = `a${++this.#actions}`): Answer {
    this.signal({ signal: 'action', action: { id, by, incident: incident.id, ...action } as IncidentAction });
    return this.answers.at(-1) as Answer;
  }

  /** Time passes with a tick every 5 s and whenever something is due, as the owner of the task writes them. */
  pass(ms: number, present: readonly string[] = []): void {
    const end = this.now + ms;
    while (this.now < end) {
      const next = Math.min(end, this.now + 5 * SECOND, Math.max(this.engine.nextDue, this.now + 1));
      if (present.length > 0 && Math.floor(next / (20 * SECOND)) > Math.floor(this.now / (20 * SECOND)))
        this.signal({ signal: 'presence', operators: present }, next);
      this.now = next;
      this.signal({ signal: 'tick', at: next, epoch: 1 });
    }
  }

  /** Nothing runs for so long; then there is a tick. */
  stop(ms: number): void {
    this.now += ms;
    this.signal({ signal: 'tick', at: this.now, epoch: 1 });
  }

  /** The process ends, and another one goes on from what was committed. */
  restart(): void {
    const before = this.engine;
    this.engine = new IncidentEngine(SETTINGS);
    this.engine.restore(before.memory(), [...before.incidents()]);
  }

  open(): Incident[] {
    return this.all().filter(({ phase }) => phase !== 'CLOSED');
  }

  /** In the order of their opening. */
  all(): Incident[] {
    return [...this.engine.incidents()].sort((a, b) => a.id - b.id);
  }

  /** The only open one. */
  only(): Incident {
    const [first, second] = this.open();
    if (!first || second) throw new Error(`${this.open().length} incidents are open`);
    return first;
  }

  latest({ id }: Incident): Incident {
    const found = this.all().find((incident) => incident.id === id);
    if (!found) throw new Error('it is forgotten');
    return found;
  }

  /** `kind target` of each notice since the last call. */
  told(): string[] {
    return this.notices.splice(0).map(({ kind, target }) => `${kind} ${target}`);
  }

  #change(id: string, changes: Partial<Member>): void {
    const known = this.#members.get(id);
    if (!known) throw new Error(`no alarm ${id}`);
    const member = { ...known.member, ...changes, version: known.member.version + 1 };
    this.#members.set(id, { ...known, member });
    this.signal({ signal: 'condition', of: known.of, member, ...(known.place && { place: known.place }) });
  }
}
