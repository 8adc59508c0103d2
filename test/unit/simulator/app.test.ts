import { describe, expect, it } from 'vitest';
import { App } from '../../../simulator/app.ts';
import type { Answer } from '../../../simulator/ingest-client.ts';
import type { Message } from '../../../simulator/message.ts';
import { Tally } from '../../../simulator/tally.ts';
import { message, motion } from './messages.ts';

const ACCEPTED: Answer = { kind: 'accepted', rejected: new Map() };
const later = (doubtful: boolean): Answer => ({ kind: 'later', reason: '503', doubtful, retryAfterMs: 0 });

/** Sends the messages, each answered in turn after this time. */
async function sent(messages: readonly Message[], answers: readonly Answer[], eachMs: number): Promise<string[]> {
  let now = 0;
  const told: string[] = [];
  const left = [...answers];
  const tell = (how: string) => (m: Message) => told.push(`${how} ${m.topic} ${m.reading >= 0 ? m.reading : 'another'}`);
  const client = {
    post: async () => {
      now += eachMs;
      return left.shift() ?? ACCEPTED;
    },
  };
  const oracle = { acknowledged: tell('has'), unknown: tell('may have') };
  const app = new App(
    { connections: 1, batch: 1, apartMs: 0 },
    { client, tally: new Tally(), oracle, now: () => now },
    new AbortController().signal,
  );
  await app.run(messages, new AbortController().signal);
  return told;
}

describe('what an app tells the oracle of a hit', () => {
  const hit = motion({ seq: 4 });

  it.each<[string, Message[], Answer[], number, string[]]>([
    ['is once, if it came again soon', [hit], [later(true)], 20_000, ['has ENTRY 4']],
    ['is perhaps twice, if it came again late', [hit], [later(true), later(true)], 20_000, ['has ENTRY 4', 'may have ENTRY another']],
    ['is once, if it was surely not taken before', [hit], [later(false), later(false)], 20_000, ['has ENTRY 4']],
    [
      'is perhaps twice, if its repeat came late',
      [hit, hit, hit],
      [],
      25_000,
      ['has ENTRY 4', 'has ENTRY 4', 'has ENTRY 4', 'may have ENTRY another'],
    ],
    ['is nothing of a recovery', [message({ topic: 'OK', seq: 4 })], [later(true), later(true), later(true)], 20_000, ['has OK 4']],
  ])('%s', async (_, messages, answers, eachMs, expected) => {
    expect(await sent(messages, answers, eachMs)).toEqual(expected);
  });
});
