import type { AlarmEvent } from '../../alarm/alarm.ts';
import type { DamagedAlarm } from '../../archive/port.ts';
import { partitionOf } from '../../message-log/partitioning.ts';
import type { From, MessageLog } from '../../message-log/port.ts';
import { decodeRecords } from '../../message-log/values.ts';
import { recordsBetween } from '../../processor/records-between.ts';
import { decodeAlarmEvent } from '../../records/alarm-event.ts';
import { counted } from '../../runtime/counted.ts';
import { reasonOf } from '../../runtime/errors.ts';
import type { Logger } from '../../runtime/logging.ts';

const NAMED_MAX = 5;

/** That these alarms are missing from a list, for people; undefined: none is. */
export function damagedWords(alarms: readonly DamagedAlarm[]): string | undefined {
  if (alarms.length === 0) return undefined;
  const named = alarms.slice(0, NAMED_MAX).map(nameOf).join('; ');
  const more = alarms.length > NAMED_MAX ? '; and others, which the log names' : '';
  return `${counted(alarms.length, 'alarm is', 'alarms are')} missing here, damaged in the archive: ${named}${more}. npm run repair restores what is still open`;
}

function nameOf({ id, sensor, type, raisedAt }: DamagedAlarm): string {
  if (sensor === undefined || type === undefined) return `alarm ${id}`;
  return `${type} of sensor ${sensor}${raisedAt === undefined ? '' : `, raised ${new Date(raisedAt).toISOString()}`}`;
}

/** Open alarms that the archive can't read. They are missing from every list, which says so, until an event of the log brings them back. */
export class DamagedAlarms {
  readonly #deps: { readonly log: MessageLog; readonly logger: Logger };
  readonly #missing = new Map<string, DamagedAlarm>();

  constructor(deps: { readonly log: MessageLog; readonly logger: Logger }) {
    this.#deps = deps;
  }

  get size(): number {
    return this.#missing.size;
  }

  list(): readonly DamagedAlarm[] {
    return [...this.#missing.values()];
  }

  add(alarm: DamagedAlarm): void {
    this.#missing.set(alarm.id, alarm);
  }

  clear(): void {
    this.#missing.clear();
  }

  /** Events have the whole alarm: whoever has taken them misses it no longer. */
  heard(events: readonly AlarmEvent[]): void {
    if (this.#missing.size === 0) return;
    for (const event of events) if (event.event !== 'refused') this.#missing.delete(event.alarm.id);
  }

  /**
   * Looks for them in what is older than `before`, by partition, and gives their events to `take`; those that are too old for the log stay missing.
   * Never rejects.
   */
  async lookFor(before: readonly From[], take: (events: readonly AlarmEvent[]) => void, signal: AbortSignal): Promise<void> {
    try {
      for (const [partition, end] of before.entries())
        if (typeof end === 'number' && this.#anyIn(partition)) await this.#lookIn(partition, end, take, signal);
    } catch (error) {
      this.#deps.logger.warn({ reason: reasonOf(error) }, 'the log cannot be searched for alarms that are damaged in the archive');
    }
  }

  async #lookIn(partition: number, end: number, take: (events: readonly AlarmEvent[]) => void, signal: AbortSignal): Promise<void> {
    const found: AlarmEvent[] = [];
    const { earliest } = await this.#deps.log.bounds('ALARM', partition);
    for await (const batch of recordsBetween(this.#deps.log, 'ALARM', partition, earliest, end)) {
      if (signal.aborted) return;
      const events = decodeRecords(batch, decodeAlarmEvent).read.map(({ value }) => value);
      found.push(...events.filter((event) => event.event !== 'refused' && this.#missing.has(event.alarm.id)));
    }
    if (found.length > 0) take(found);
  }

  #anyIn(partition: number): boolean {
    const { partitions } = this.#deps.log;
    return this.list().some(({ sensor }) => sensor === undefined || partitionOf(sensor, partitions) === partition);
  }
}
