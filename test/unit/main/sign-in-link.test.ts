import { mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { showSignInLink } from '../../../main/sign-in-link.ts';

const URL = 'http://localhost:8080/#token=secret';

function shown(terminal: boolean, folder: string): string {
  let text = '';
  const logger = pino({}, { write: (line: string) => (text += line) });
  showSignInLink(URL, { terminal, folder, logger });
  return text;
}

describe('a link that signs in', () => {
  it('is printed on a terminal', () => {
    expect(shown(true, tmpdir())).toContain(URL);
  });

  it('is in no other log, but in a file that nobody else reads, in place of the one before', () => {
    const folder = join(mkdtempSync(join(tmpdir(), 'tocsin-')), 'data');
    shown(false, folder);
    const file = join(folder, 'sign-in-link');
    writeFileSync(file, 'an older one that is longer than the new one, as it may well be: http://…', { mode: 0o644 });
    const text = shown(false, folder);
    expect(text).not.toContain('secret');
    expect(text).toContain(file);
    expect([readFileSync(file, 'utf8'), statSync(file).mode & 0o777]).toEqual([`${URL}\n`, 0o600]);
  });

  it('is nowhere if the file cannot be written, and the log says what to do', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'tocsin-')), 'a-file');
    writeFileSync(file, '');
    const text = shown(false, file);
    expect(text).toContain('TOCSIN_API_TOKEN');
    expect(text).not.toContain('secret');
  });
});
