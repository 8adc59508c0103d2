import { pino } from 'pino';
import { expect, it } from 'vitest';
import { followAlarms } from '../../../console/live/alarm-follower.ts';
import type { MessageLog, Reader } from '../../../message-log/port.ts';
import { Health } from '../../../runtime/health.ts';
import { oneRecord } from '../../../message-log/one-record.ts';
import { changeOf } from '../../support/alarms.ts';
import { MemoryLog } from '../../support/memory-log.ts';

/** A log whose records are on their way: as over a network, a poll that doesn't wait finds none. */
function remote(log: MessageLog): MessageLog {
  const distant = (reader: Reader): Reader =>
    new Proxy(reader, {
      get: (target, name) => {
        if (name === 'poll') return async (waitMs: number) => (waitMs > 0 ? target.poll(waitMs) : []);
        const value = Reflect.get(target, name, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  return new Proxy(log, {
    get: (target, name) =>
      name === 'reader'
        ? async (...args: Parameters<MessageLog['reader']>) => distant(await target.reader(...args))
        : Reflect.get(target, name, target)?.bind?.(target),
  });
}

it('reads what was there at the start from a log over a network too, and only then has caught up', async () => {
  const log = new MemoryLog();
  for (const id of ['a', 'b']) await log.append('ALARM', oneRecord(1, JSON.stringify(changeOf('raised', { id, sensor: 1 }))), 1);
  const seen: string[] = [];
  const deps = { log: remote(log), logger: pino({ level: 'silent' }), health: new Health() };
  const onEvents = (events: readonly { alarm?: { id: string } | undefined }[]): void => {
    for (const { alarm } of events) seen.push(alarm?.id ?? '');
  };
  const follower = await followAlarms(['earliest'], onEvents, deps);
  await follower.caughtUp;
  expect(seen).toEqual(['a', 'b']);
  await follower.stop();
});
