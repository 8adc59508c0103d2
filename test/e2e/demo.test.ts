import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { STORY } from '../../simulator/scenarios/story.ts';

const TOKEN = 'a-token-of-the-tests-0123456789abcdef';
const PATIENT = { timeout: 40_000, interval: 100 };

interface Shown {
  readonly sensor: number;
  readonly type: string;
  readonly state: string;
}

describe('npm run demo', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'demo-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const demo = (...args: string[]) => {
    const anywhere = ['--ingest-port', '0', '--console-port', '0', '--data', folder, '--sensors', '500'];
    const child = spawn(process.execPath, ['--import', 'tsx', 'main/demo/main.ts', ...anywhere, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, TOCSIN_API_TOKEN: TOKEN },
    });
    const printed = { text: '' };
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (printed.text += chunk.toString()));
    const print = (text: string) => expect.poll(() => printed.text, PATIENT).toContain(text);
    return { child, printed, print, ended: once(child, 'close') as Promise<[number | null]> };
  };

  /** The rows of the table: what is expected, and what the system has. */
  const rowOf = (text: string, name: string): readonly number[] =>
    (new RegExp(`^${name} {2,}(.*)$`, 'm').exec(text)?.[1] ?? '').split(/ +/).map((cell) => Number(cell.replaceAll(',', '')));

  it('plays its story at once, with each alarm in the console and by mail, and Ctrl-C ends it with a correct table', async () => {
    const { child, printed, print, ended } = demo();
    await print('Ctrl-C ends it');
    const consoleUrl = /Console {3}(http:\/\/127\.0\.0\.1:\d+)/.exec(printed.text)?.[1] ?? '';
    const ask = async (path: string): Promise<unknown> =>
      (await fetch(`${consoleUrl}/api/${path}`, { headers: { authorization: `Bearer ${TOKEN}` } })).json();
    const story = async (): Promise<Shown[]> => {
      const { alarms } = (await ask('alarms?state=all&limit=500')) as { alarms: Shown[] };
      return alarms.filter(({ sensor }) => STORY.some((scene) => scene.sensor === sensor));
    };
    const shown = (alarms: readonly Shown[]) =>
      alarms.map(({ sensor, type, state }) => `${sensor} ${type} ${state.startsWith('CLEARED') ? 'over' : 'active'}`).sort();
    // After eleven seconds of the story: the fire has smoke and heat, one burglar is gone, the other is there, the boiler is hot.
    await expect
      .poll(async () => shown(await story()), PATIENT)
      .toEqual([
        '1 smoke active',
        '1 temperature active',
        '2 motion over',
        '3 motion active',
        '4 temperature active',
        '6 motion active',
        '7 motion active',
      ]);
    await expect.poll(async () => (await readdir(join(folder, 'outbox'))).length, PATIENT).toBeGreaterThanOrEqual(7);
    await expect
      .poll(() => ask('faults'), PATIENT)
      .toMatchObject({ faults: [{ sensor: 6, detector: 'smoke', reason: 'unreadable' }], total: 1 });
    await expect.poll(() => ask('sensors?place=none'), PATIENT).toMatchObject({ sensors: [{ id: 7, active: ['motion'] }] });
    await print('500 sample clients are in the directory');
    child.kill('SIGINT');
    const [code] = await ended;
    expect(printed.text).toContain('The system raised and cleared exactly the right alarms.');
    const [raisedDue = 0, raised] = rowOf(printed.text, 'alarms activated');
    const [clearedDue = 0, cleared] = rowOf(printed.text, 'alarms recovered');
    const [mailsDue, mails] = rowOf(printed.text, 'mails');
    expect([raised, cleared, mails]).toEqual([raisedDue, clearedDue, mailsDue]);
    expect(raisedDue).toBeGreaterThanOrEqual(6);
    expect(clearedDue).toBeGreaterThanOrEqual(1);
    expect(mails).toBe(raisedDue + clearedDue);
    expect((await readdir(join(folder, 'outbox'))).length).toBe(mails);
    expect(code).toBe(0);
  });

  it('ends by itself, and can be played again on the data it left', { timeout: 120_000 }, async () => {
    for (const clients of [/500 sample clients are in the directory/, /^(?!.*sample clients)/s]) {
      const { printed, ended } = demo('--minutes', '0.2');
      const [code] = await ended;
      expect(printed.text).toMatch(clients);
      expect(printed.text).toMatch(/Console {3}http:\/\/127\.0\.0\.1:\d+\/\S*token=/);
      expect(printed.text).toMatch(/mails: [1-9]\d*, 0 missing, 0 doubled, 0 invented/);
      expect(printed.text).toContain('The system raised and cleared exactly the right alarms.');
      expect(code).toBe(0);
    }
  });

  it('can be interrupted before it has begun', async () => {
    const { child, printed, ended } = demo();
    await expect.poll(() => readdir(folder).then((names) => names.length), PATIENT).toBeGreaterThan(0);
    child.kill('SIGINT');
    const [code] = await ended;
    expect(printed.text).not.toContain('THE SYSTEM IS WRONG');
    expect([0, 130]).toContain(code);
  });
});
