import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { bearerToken, ConfigurationError, readSettings, secret, setting } from '../../../runtime/configuration.ts';

const folder = mkdtempSync(join(tmpdir(), 'tocsin-secrets-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const settings = {
  token: secret('TOCSIN_TOKEN', bearerToken.optional(), 'a secret'),
  password: secret('TOCSIN_PASSWORD', z.string().optional(), 'another'),
  name: setting('TOCSIN_NAME', z.string().optional(), undefined, 'no secret'),
};

let files = 0;
function file(content: string | Uint8Array): string {
  files += 1;
  const path = join(folder, `secret-${files}`);
  writeFileSync(path, content);
  return path;
}

function problemsOf(environment: NodeJS.ProcessEnv): string[] {
  try {
    readSettings(settings, environment);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems.map((problem) => problem.replaceAll(folder, '…'));
    throw error;
  }
  return [];
}

describe('a secret in a file', () => {
  it.each([
    ['as it is', 'pass word'],
    ['with a newline at its end', 'pass word\n'],
    ['as Windows ends a line', 'pass word\r\n'],
    ['with a byte order mark', '\ufeffpass word\n'],
  ])('is its content, %s', (_, content) => {
    expect(readSettings(settings, { TOCSIN_PASSWORD_FILE: file(content) }).password).toBe('pass word');
  });

  it('loses nothing but that newline', () => {
    expect(readSettings(settings, { TOCSIN_PASSWORD_FILE: file('  spaces are part of it \n') }).password).toBe('  spaces are part of it ');
  });

  it('is held to the same rules as a value', () => {
    expect(problemsOf({ TOCSIN_TOKEN_FILE: file('short') })).toEqual(['TOCSIN_TOKEN: must be 16 to 512 visible ASCII characters']);
  });

  it.each([
    ['nothing', '', 'is empty'],
    ['an empty line', '\n', 'is empty'],
    ['two lines', 'one\ntwo\n', 'has more than one line'],
    ['other bytes than text', Uint8Array.of(0xff, 0xfe, 0x00), 'is not text in UTF-8'],
    ['too much', 'x'.repeat(65_537), 'is larger than 64 KiB, which no secret is'],
  ])('that holds %s stops the start', (_, content, problem) => {
    const path = file(content);
    expect(problemsOf({ TOCSIN_PASSWORD_FILE: path })).toEqual([`TOCSIN_PASSWORD_FILE: ${path.replace(folder, '…')} ${problem}`]);
  });

  it('that has no end stops the start too', () => {
    expect(problemsOf({ TOCSIN_PASSWORD_FILE: '/dev/zero' })).toEqual([expect.stringContaining('is larger than 64 KiB')]);
  });

  it('that is not there, or is a folder, stops the start, and all problems are told at once', () => {
    mkdirSync(join(folder, 'folder'));
    const problems = problemsOf({ TOCSIN_TOKEN_FILE: join(folder, 'none'), TOCSIN_PASSWORD_FILE: join(folder, 'folder'), TOCSIN_NAM: 'x' });
    expect(problems).toEqual([
      'TOCSIN_NAM is not a setting; did you mean TOCSIN_NAME?',
      expect.stringMatching(/^TOCSIN_TOKEN_FILE: …\/none cannot be read: /),
      expect.stringMatching(/^TOCSIN_PASSWORD_FILE: …\/folder cannot be read: /),
    ]);
  });

  it('is not taken beside a value, since nobody could tell which one counts', () => {
    expect(problemsOf({ TOCSIN_PASSWORD: 'one', TOCSIN_PASSWORD_FILE: file('two') })).toEqual([
      'TOCSIN_PASSWORD and TOCSIN_PASSWORD_FILE are both set: remove one of them',
    ]);
    expect(readSettings(settings, { TOCSIN_PASSWORD: '', TOCSIN_PASSWORD_FILE: file('two') }).password).toBe('two');
    expect(readSettings(settings, { TOCSIN_PASSWORD: 'one', TOCSIN_PASSWORD_FILE: '' }).password).toBe('one');
  });

  it('is for secrets only', () => {
    expect(problemsOf({ TOCSIN_NAME_FILE: file('x') })).toEqual([expect.stringContaining('TOCSIN_NAME_FILE is not a setting')]);
    expect(problemsOf({ TOCSIN_PASWORD_FILE: 'x' })).toEqual(['TOCSIN_PASWORD_FILE is not a setting; did you mean TOCSIN_PASSWORD_FILE?']);
  });
});
