import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Alarm } from '../../../alarm/alarm.ts';
import { mailerSettings } from '../../../notify/config.ts';
import type { Mail, MailTransport } from '../../../notify/channels/mail/port.ts';
import { type MailerLimits, startMailer } from '../../../notify/mailer.ts';
import { readSettings } from '../../../runtime/configuration.ts';
import { TransientError } from '../../../runtime/errors.ts';
import { Health } from '../../../runtime/health.ts';
import type { Running } from '../../../runtime/lifecycle.ts';
import { oneRecord } from '../../../message-log/one-record.ts';
import { REFERENCE } from '../../support/alarm-types.ts';
import { changeOf, clientOf } from '../../support/alarms.ts';
import { directoryOf, SOON } from '../../support/mailer-rig.ts';
import { MemoryLog } from '../../support/memory-log.ts';

const SENSORS = Array.from({ length: 60 }, (_, i) => i + 1);

let log: MemoryLog;
let running: Running[];
beforeEach(async () => {
  log = new MemoryLog(4);
  running = [];
  for (const sensor of SENSORS) await alarm(sensor);
});
afterEach(async () => {
  for (const mailer of running) await mailer.stop();
});

describe('several mailers', () => {
  it('share the alarms: each is mailed once', async () => {
    const [one, other] = [new Letterbox(), new Letterbox()];
    one.fault = new TransientError('mail-deferred', 'not yet');
    await start(one);
    await start(other);
    one.fault = undefined;
    await expect.poll(() => new Set([...one.sent, ...other.sent]).size).toBe(SENSORS.length);
    expect(one.sent.length).toBeGreaterThan(0);
    expect(other.sent.length).toBeGreaterThan(0);
    await expect.poll(() => log.all('DELIVERY').length - one.sent.length - other.sent.length).toBe(0);
  });

  it.each([
    ['one partition', 2],
    ['some partitions', 4],
  ])('leave mails that are put off to the mailer that gets %s of theirs', async (_what, partitions) => {
    log = new MemoryLog(partitions);
    for (const sensor of SENSORS) await alarm(sensor);
    const [away, good] = [new Letterbox(), new Letterbox()];
    away.fault = new TransientError('mail-deferred', 'connection refused');
    await start(away);
    await expect.poll(() => away.tried).toBeGreaterThan(4);
    await start(good);
    await expect.poll(() => good.sent.length).toBeGreaterThan(20);
    const theirs = new Set(good.sent);
    away.fault = undefined;
    await expect.poll(() => away.sent.length + good.sent.length).toBe(SENSORS.length);
    expect(away.sent.filter((id) => theirs.has(id))).toEqual([]);
  });

  it('hold none of what went to another one, even while nothing comes in', async () => {
    const away = new Letterbox();
    away.fault = new TransientError('mail-deferred', 'connection refused');
    const registry = new Registry();
    await start(away, registry);
    const waiting = async () => (await registry.getSingleMetric('tocsin_mails_unfinished')?.get())?.values[0]?.value;
    await expect.poll(waiting).toBe(SENSORS.length);
    const other = new Letterbox();
    await start(other);
    await expect.poll(async () => (await waiting()) ?? SENSORS.length).toBeLessThan(SENSORS.length);
    await expect.poll(async () => other.sent.length + ((await waiting()) ?? 0)).toBe(SENSORS.length);
  });

  it('read no further in what went to another one, after it has searched ahead there for graver ones', async () => {
    log = new MemoryLog(4);
    for (const sensor of SENSORS) await alarm(sensor, 'minor', { severity: 'MINOR' });
    let opened = 0;
    const open = new Set<number>();
    const reader = log.reader.bind(log);
    vi.spyOn(log, 'reader').mockImplementation(async (...args) => {
      const real = await reader(...args);
      const id = opened++;
      open.add(id);
      const close = real.close.bind(real);
      return Object.assign(real, {
        close: () => {
          open.delete(id);
          return close();
        },
      });
    });
    const away = new Letterbox();
    away.fault = new TransientError('mail-deferred', 'connection refused');
    await start(away, new Registry(), { unfinishedMax: 4 });
    // Two in each partition: for CRITICAL and MAJOR.
    await expect.poll(() => open.size).toBe(8);
    const others = [await log.subscribe('mailer', ['ALARM', 'DELIVERY']), await log.subscribe('mailer', ['ALARM', 'DELIVERY'])];
    await expect.poll(() => open.size).toBeLessThan(8);
    for (const other of others) await other.close();
  });

  it('mail all of a partition that went and came back between two looks at the log', async () => {
    const box = new Letterbox();
    box.fault = new TransientError('mail-deferred', 'connection refused');
    await start(box);
    await expect.poll(() => box.tried).toBeGreaterThan(4);
    const other = await log.subscribe('mailer', ['ALARM', 'DELIVERY']);
    await other.close();
    box.fault = undefined;
    await expect.poll(() => new Set(box.sent).size, { timeout: 5_000 }).toBe(SENSORS.length);
  });

  it('find in the ledger what another one has sent from a partition that comes back to them', async () => {
    const [first, second] = [new Letterbox(), new Letterbox()];
    await start(first);
    await expect.poll(() => first.sent).toHaveLength(SENSORS.length);
    const other = await start(second);
    for (const sensor of SENSORS) await alarm(sensor, 'later');
    await expect.poll(() => first.sent.length + second.sent.length).toBe(2 * SENSORS.length);
    await other.stop();
    running.splice(running.indexOf(other), 1);
    await alarm(1, 'last');
    await expect.poll(() => new Set([...first.sent, ...second.sent]).size).toBe(2 * SENSORS.length + 1);
    expect(first.sent.length + second.sent.length).toBe(2 * SENSORS.length + 1);
  });
});

/** A mail server that can be away. */
class Letterbox implements MailTransport {
  readonly sent: string[] = [];
  tried = 0;
  fault: Error | undefined;

  async send({ messageId }: Mail) {
    this.tried += 1;
    if (this.fault) throw this.fault;
    this.sent.push(messageId);
    return { reply: '250 taken' };
  }

  async close(): Promise<void> {}
}

async function alarm(sensor: number, name = 'first', more: Partial<Alarm> = {}): Promise<void> {
  await log.append('ALARM', oneRecord(sensor, JSON.stringify(changeOf('raised', { id: `${name}-${sensor}`, sensor, ...more }))), 1);
}

async function start(transport: MailTransport, registry = new Registry(), limits: Partial<MailerLimits> = {}): Promise<Running> {
  const directory = directoryOf(new Map(SENSORS.map((id) => [id, clientOf({ id })])));
  const deps = {
    log,
    directory,
    transport,
    types: REFERENCE,
    clock: Date.now,
    logger: pino({ level: 'silent' }),
    registry,
    health: new Health(),
  };
  const mailer = await startMailer(readSettings(mailerSettings, {}), { ...deps, limits: { pollWaitMs: 5, backoff: SOON, ...limits } });
  running.push(mailer);
  return mailer;
}
