import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { simpleParser } from 'mailparser';
import { pino } from 'pino';
import { describe } from 'vitest';
import { Health } from '../../runtime/health.ts';
import { openOutbox } from '../../notify/channels/mail/outbox.ts';
import { mailTransportContract } from './mail-transport.ts';

describe('outbox', () => {
  mailTransportContract(async () => {
    const root = await mkdtemp(join(tmpdir(), 'outbox-'));
    const folder = join(root, 'outbox');
    const transport = await openOutbox(folder, {
      keepMs: 86_400_000,
      removalClock: Date.now,
      logger: pino({ level: 'silent' }),
      health: new Health(),
      mailsMax: 1_000,
    });
    return {
      transport,
      arrived: async () => {
        const names = (await readdir(folder)).sort();
        return Promise.all(names.map(async (name) => simpleParser(await readFile(join(folder, name)))));
      },
      // A file where the folder should be: stops every user from writing, even root.
      fail: async () => {
        await rm(folder, { recursive: true });
        await writeFile(folder, '');
      },
      mend: () => rm(folder),
      close: async () => {
        await transport.close();
        await rm(root, { recursive: true });
      },
    };
  });
});
