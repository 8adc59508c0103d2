/** kill -9 of the whole system in the middle of a flood of mails, again and again: what a mail server has got in the end, how often, and in which order. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { startSmtp } from '../support/smtp-server.ts';
import { API_TOKEN, SystemProcess } from '../support/system.ts';

const FLOOD = 1_200;
const KILLS = Number(process.env.FIRE_ROUNDS ?? 4);
/** As many as may be under way: TOCSIN_MAIL_CONCURRENCY, and three graver ones beside them. */
const DOUBLED_MAX = 4 + 3;
/** Lesser mails that may go before a fire's after a start: those that are begun while the log is read up to the fire's alarm. */
const BEFORE_FIRE_MAX = 20;

it(`loses no mail in a flood over ${KILLS} crashes, doubles only what was under way, and a fire's goes first after each start`, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tocsin-mails-'));
  const taken: string[] = [];
  const lesserFirst: number[] = [];
  let holdFires = true;
  const server = await startSmtp({
    verdict: (mail) => {
      if (holdFires && mail.subject?.startsWith('CRITICAL')) return 'never-answer';
      taken.push(String(mail.headers.get('x-tocsin-alarm')));
      return 'take';
    },
  });
  const system = await SystemProcess.create({ dataDir: join(folder, 'data'), environment: { TOCSIN_SMTP_URL: server.url } });
  const post = async (statuses: readonly object[]) => {
    const body = statuses.map((status) => JSON.stringify(status)).join('\n');
    const answer = () => fetch(`${system.ingestUrl}/entry`, { method: 'POST', headers: { 'content-type': 'application/x-ndjson' }, body });
    // As a sensor does, it sends again what was not taken, in the same bytes.
    await expect.poll(async () => (await answer()).status, { timeout: 60_000, interval: 500 }).toBe(202);
  };
  try {
    await system.start();
    await post(Array.from({ length: FLOOD }, (_, id) => ({ id, motion: true, smoke: false, temperature: 20, maxTemperature: 30 })));
    for (let kill = 1; kill <= KILLS; kill += 1) {
      await expect.poll(() => taken.length, { timeout: 60_000 }).toBeGreaterThan((kill * FLOOD) / (2 * KILLS + 2));
      const begun = server.attempts;
      await post([1, 2, 3].map((seq) => ({ id: 10_000 + kill, seq, motion: false, smoke: true, temperature: 20, maxTemperature: 30 })));
      // Its mail is under way when the process dies, and nobody knows what became of it.
      await expect.poll(() => server.attempts).toBeGreaterThan(begun);
      await expect.poll(() => fires(system), { timeout: 10_000 }).toBe(kill);
      await system.end('SIGKILL');
      holdFires = false;
      const before = taken.length;
      await system.start();
      await expect.poll(() => firesIn(taken.slice(before)), { timeout: 60_000, interval: 5 }).toBeGreaterThan(0);
      lesserFirst.push(taken.slice(before).findIndex(isFire));
      expect(lesserFirst.at(-1)).toBeLessThanOrEqual(BEFORE_FIRE_MAX);
      holdFires = true;
    }
    holdFires = false;
    await expect.poll(() => new Set(taken).size, { timeout: 120_000 }).toBe(FLOOD + KILLS);
    const doubled = taken.length - new Set(taken).size;
    process.stdout.write(
      `\n${KILLS} crashes: ${taken.length} mails, ${doubled} of them again; ${lesserFirst.join(', ')} lesser ones before the fire's\n`,
    );
    expect(doubled).toBeLessThanOrEqual(KILLS * DOUBLED_MAX);
  } finally {
    await system.end('SIGKILL');
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
});

const isFire = (alarm: string): boolean => /^1\d{4}-smoke-/.test(alarm);
const firesIn = (alarms: readonly string[]): number => alarms.filter(isFire).length;

/** How many fires were raised since the start of the test: each lies in the log when it is counted. */
async function fires(system: SystemProcess): Promise<number> {
  const answer = await fetch(`${system.consoleUrl}/api/alarms?state=active&type=smoke`, {
    headers: { authorization: `Bearer ${API_TOKEN}` },
  });
  const { alarms } = (await answer.json()) as { alarms: readonly unknown[] };
  return alarms.length;
}
