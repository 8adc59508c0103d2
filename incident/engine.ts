import { act } from './acting.ts';
import { type Answer, Answers } from './answer.ts';
import { type Acknowledgement, Decisions } from './decisions.ts';
import type { IncidentEvent } from './event.ts';
import { Gathering, type Window } from './gathering.ts';
import { firstLook, firstWord } from './first-signs.ts';
import { ebb } from './flooding.ts';
import { type Incident, isOpen } from './incident.ts';
import { Incidents } from './incidents.ts';
import { calm, condition, placed } from './joining.ts';
import { Lately, type LatelyMemory } from './lately.ts';
import type { Notice } from './notice.ts';
import { partIs, sayUnwell } from './platform.ts';
import { Presence } from './presence.ts';
import { GRACE_MS, type Settings, STOP_AFTER_MS } from './settings.ts';
import { refusedLines, tally } from './quality.ts';
import type { Signal, SignalRecord, TickSignal } from './signal.ts';
import { follow } from './supers.ts';
import { pass } from './ticking.ts';

/** The effects of the signals since the last call. */
export interface Effects {
  readonly events: readonly IncidentEvent[];
  readonly notices: readonly Notice[];
  readonly acknowledgements: readonly Acknowledgement[];
  readonly answers: readonly Answer[];
  /** Incidents as they are now; null: forgotten. */
  readonly changed: ReadonlyMap<number, Incident | null>;
}

/** What a restart has to know besides the incidents. */
export interface Memory {
  /** The last tick, epoch ms; undefined: none yet. */
  readonly tick?: number | undefined;
  readonly epoch: number;
  readonly graceUntil: number;
  readonly settings: Settings;
  readonly answers: readonly Answer[];
  readonly gathered: readonly Window[];
  readonly lately: LatelyMemory;
}

/**
 * Decides which incidents there are, and who is told of what. Pure: time comes in as ticks. The same signals give the same events, ids and notices,
 * wherever a restart restores it in between.
 */
export class IncidentEngine {
  readonly #incidents = new Incidents();
  readonly #gathering = new Gathering();
  readonly #lately = new Lately();
  readonly #presence = new Presence();
  readonly #answers = new Answers();
  #settings: Settings;
  #tick: number | undefined;
  #epoch = 0;
  #graceUntil = Number.NEGATIVE_INFINITY;
  /** Incidents whose timers may have begun after the last tick. */
  #fresh = new Set<number>();
  #orphans = 0;
  #effects = noEffects();

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /** When something is due next, if nothing else comes; epoch ms. A tick is wanted then. */
  get nextDue(): number {
    return Math.min(this.#incidents.nextDue, this.#gathering.nextDue, this.#lately.nextDue);
  }

  /** How many alarms cleared that were never raised here. */
  get orphans(): number {
    return this.#orphans;
  }

  incidents(): IterableIterator<Incident> {
    return this.#incidents.all();
  }

  restore(memory: Memory, incidents: Iterable<Incident>): void {
    this.#tick = memory.tick;
    this.#epoch = memory.epoch;
    this.#graceUntil = memory.graceUntil;
    this.#settings = memory.settings;
    for (const answer of memory.answers) this.#answers.keep(answer);
    this.#gathering.restore(memory.gathered);
    this.#lately.restore(memory.lately);
    for (const incident of incidents) {
      this.#incidents.restore(incident, this.#settings);
      this.#fresh.add(incident.id);
    }
  }

  memory(): Memory {
    return {
      tick: this.#tick,
      epoch: this.#epoch,
      graceUntil: this.#graceUntil,
      settings: this.#settings,
      answers: this.#answers.all(),
      gathered: this.#gathering.all(),
      lately: this.#lately.memory(),
    };
  }

  input({ offset, at, signal }: SignalRecord): void {
    if (signal.signal === 'tick') this.#pass(signal, offset);
    else this.#decide(signal, this.#decisions(Math.max(this.#tick ?? at, at), offset));
  }

  takeEffects(): Effects {
    const effects = { ...this.#effects, changed: this.#incidents.takeChanged() };
    this.#effects = noEffects();
    return effects;
  }

  #decide(signal: Exclude<Signal, TickSignal>, decisions: Decisions): void {
    switch (signal.signal) {
      case 'condition':
        if (!condition(decisions, signal)) this.#orphans += 1;
        break;
      case 'placed':
        placed(decisions, signal);
        break;
      case 'action': {
        const answer = this.#answers.get(signal.action.id) ?? act(decisions, signal.action);
        this.#answers.keep(answer);
        this.#effects.answers.push(answer);
        break;
      }
      case 'presence':
        this.#presence.pulse(signal.operators, this.#tick ?? decisions.now);
        break;
      case 'delivered':
        for (const id of signal.incidents) firstWord(decisions, id);
        break;
      case 'shown':
        firstLook(decisions, signal.incident, signal.by);
        break;
      case 'refused':
        refusedLines(decisions, signal.refused);
        break;
      case 'census':
        this.#lately.silences.census = signal.census;
        break;
      case 'part':
        partIs(decisions, signal);
        break;
      case 'settings':
        this.#settings = signal.settings;
        break;
    }
    follow(decisions);
    this.#take(decisions);
    for (const { incident } of decisions.events) this.#fresh.add(incident);
  }

  /** The clock of an owner who was deposed is not heard, and time never goes back. */
  #pass({ at, epoch }: TickSignal, offset: number): void {
    if (epoch < this.#epoch || at <= (this.#tick ?? Number.NEGATIVE_INFINITY)) return;
    this.#epoch = epoch;
    const wasStopped = this.#tick !== undefined && at - this.#tick > STOP_AFTER_MS;
    if (wasStopped) {
      this.#graceUntil = at + GRACE_MS;
      this.#presence.restart();
    }
    this.#tick = at;
    const decisions = this.#decisions(at, offset);
    this.#clamp(decisions);
    this.#gathering.clamp(at, this.#settings);
    pass(decisions, { wasStopped, graceUntil: this.#graceUntil, presence: this.#presence });
    calm(decisions);
    ebb(decisions);
    sayUnwell(decisions);
    tally(decisions);
    follow(decisions);
    decisions.sendDigests();
    this.#take(decisions);
  }

  /** What was written by a clock that is ahead began when this tick says, at the latest. */
  #clamp(decisions: Decisions): void {
    for (const id of [...this.#fresh].sort((a, b) => a - b)) {
      const incident = this.#incidents.get(id);
      if (incident && isOpen(incident) && newestTimer(incident) > decisions.now)
        decisions.emit(incident, { event: 'clamped', to: decisions.now });
    }
    this.#fresh = new Set();
  }

  #decisions(now: number, offset: number): Decisions {
    const state = { incidents: this.#incidents, gathering: this.#gathering, lately: this.#lately, settings: this.#settings };
    return new Decisions(state, { now, tick: this.#tick ?? now, offset });
  }

  #take({ events, notices, acknowledgements }: Decisions): void {
    this.#effects.events.push(...events);
    this.#effects.notices.push(...notices);
    this.#effects.acknowledgements.push(...acknowledgements);
  }
}

function noEffects() {
  return { events: [] as IncidentEvent[], notices: [] as Notice[], acknowledgements: [] as Acknowledgement[], answers: [] as Answer[] };
}

function newestTimer({ run, claim, openedAt, restoredAt = 0, hotAt = 0, touchedAt, clock }: Incident): number {
  const ofClaim = [claim?.attention.from ?? 0, claim?.hold?.from ?? 0, claim?.offer?.from ?? 0];
  return Math.max(openedAt, hotAt, run.startedAt, restoredAt, touchedAt, clock.notified ?? 0, clock.shown ?? 0, ...ofClaim);
}
