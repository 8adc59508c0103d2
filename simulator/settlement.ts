import { setTimeout as sleep } from 'node:timers/promises';
import { TransientError } from '../runtime/errors.ts';
import { type Comparison, compare, type ObservedAlarm } from './comparison.ts';
import type { Oracle } from './oracle.ts';
import { compareMails, type MailComparison, type Outbox, type OutboxMail } from './mail-comparison.ts';
import type { System } from './system.ts';

export interface Settlement {
  readonly comparison: Comparison;
  readonly mails: MailComparison | undefined;
}

const POLL_MS = 500;
/** Once everything is right, it must still be right after this long, since duplicates come late. */
const CONFIRM_MS = 1_500;
/** The readings of at most this many alarms are fetched, those with findings first. */
const EVIDENCE_MAX = 2_000;
const EVIDENCE_AT_ONCE = 8;

/** Compares the system's alarms with what must have happened since `begin`, for sensors 1 to `sensors`. */
export class Comparer {
  readonly #system: System;
  readonly #outbox: Outbox | undefined;
  readonly #sensors: number;
  readonly #from: number;
  /** Ids of alarms that are not from this run. */
  readonly #others: Set<string>;

  private constructor(system: System, outbox: Outbox | undefined, sensors: number, from: number, others: Set<string>) {
    this.#system = system;
    this.#outbox = outbox;
    this.#sensors = sensors;
    this.#from = from;
    this.#others = others;
  }

  /** Records what exists before the run. Rejects if the console or the outbox can't be read. */
  static async begin(system: System, outbox: Outbox | undefined, sensors: number): Promise<Comparer> {
    await outbox?.skipPresent();
    const from = await system.time();
    const present = [...(await system.alarms({ state: 'active' })), ...(await system.alarms({ state: 'all', from }))];
    return new Comparer(system, outbox, sensors, from, new Set(present.map(({ id }) => id)));
  }

  /** The number of alarms from before the run. */
  get present(): number {
    return this.#others.size;
  }

  /** Waits up to `settleMs` for the system to be right; resolves with the comparison. Rejects if the console refuses, or still doesn't answer at the end. */
  async settle(oracle: Oracle, settleMs: number): Promise<Settlement> {
    const end = performance.now() + settleMs;
    let rightSince: number | undefined;
    for (;;) {
      const late = performance.now() >= end;
      try {
        const settlement = await this.#look(oracle);
        if (!isRight(settlement)) rightSince = undefined;
        else rightSince ??= performance.now();
        if (late || (rightSince !== undefined && performance.now() - rightSince >= CONFIRM_MS))
          return await this.#scrutinize(oracle, settlement);
      } catch (error) {
        if (late || !(error instanceof TransientError)) throw error;
      }
      await sleep(POLL_MS);
    }
  }

  async #look(oracle: Oracle): Promise<Settlement & { alarms: readonly ObservedAlarm[] }> {
    const alarms = await this.#alarms();
    return { alarms, comparison: compare(oracle.expectations(), alarms), mails: await this.#mails(alarms) };
  }

  async #alarms(): Promise<readonly ObservedAlarm[]> {
    const own: ObservedAlarm[] = [];
    for (const alarm of await this.#system.alarms({ state: 'all', from: this.#from })) {
      if (alarm.sensor < 1 || alarm.sensor > this.#sensors) this.#others.add(alarm.id);
      else if (!this.#others.has(alarm.id)) own.push(alarm);
    }
    return own;
  }

  async #mails(alarms: readonly ObservedAlarm[]): Promise<MailComparison | undefined> {
    if (this.#outbox === undefined) return undefined;
    const mails: OutboxMail[] = await this.#outbox.mails();
    return compareMails(alarms, mails, this.#others);
  }

  /** Compares the alarms' readings too; only at the end, since each alarm needs a request. */
  async #scrutinize(oracle: Oracle, { alarms, comparison, mails }: Settlement & { alarms: readonly ObservedAlarm[] }): Promise<Settlement> {
    const suspects = new Set(comparison.findings.map(({ sensor }) => sensor));
    const order = alarms.toSorted((a, b) => Number(suspects.has(b.sensor)) - Number(suspects.has(a.sensor)));
    const asked = await this.#askAll(order.slice(0, EVIDENCE_MAX).map(({ id }) => id));
    const known = alarms.map((alarm) => ({ ...alarm, evidence: asked.get(alarm.id)?.evidence ?? alarm.evidence }));
    return { comparison: compare(oracle.expectations(), known), mails: mails && (await this.#withoutOlder(mails)) };
  }

  /** Removes mails about alarms that were raised before the run. */
  async #withoutOlder(mails: MailComparison): Promise<MailComparison> {
    const ids = [...new Set(mails.invented.map((key) => key.split(' ', 1)[0] ?? ''))];
    const known = await this.#askAll(ids.slice(0, EVIDENCE_MAX));
    const invented = mails.invented.filter((key) => {
      const alarm = known.get(key.split(' ', 1)[0] ?? '');
      return alarm === undefined || alarm.raisedAt >= this.#from;
    });
    return { ...mails, invented };
  }

  async #askAll(ids: readonly string[]): Promise<Map<string, ObservedAlarm>> {
    const found = new Map<string, ObservedAlarm>();
    const left = ids.values();
    const ask = async () => {
      for (const id of left) {
        const alarm = await this.#system.alarm(id);
        if (alarm !== undefined) found.set(id, alarm);
      }
    };
    await Promise.all(Array.from({ length: EVIDENCE_AT_ONCE }, ask));
    return found;
  }
}

function isRight({ comparison, mails }: Settlement): boolean {
  return (
    comparison.findings.length === 0 && (mails === undefined || mails.missing.length + mails.doubled.length + mails.invented.length === 0)
  );
}
