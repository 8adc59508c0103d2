import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readConfig } from '../../../main/configuration.ts';
import { type CommandLine, commandLines, secretsOnCommandLines } from '../../../main/doctor/command-lines.ts';
import { fileModes, secretFileModes } from '../../../main/doctor/file-modes.ts';
import { lineOf, withoutSecrets } from '../../../main/doctor/report.ts';
import { rolesOf } from '../../../main/roles.ts';

const TOKEN = 'token-of-operators-1';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tocsin-modes-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function linesFor(environment: Record<string, string> = {}): Promise<string[]> {
  const config = readConfig(rolesOf([]), { TOCSIN_DATA_DIR: join(folder, 'data'), ...environment });
  return (await fileModes(config, folder)).map((finding) => lineOf(finding).replaceAll(folder, '…'));
}

function write(name: string, text: string, mode: number): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

function make(name: string, mode: number): void {
  mkdirSync(join(folder, name), { recursive: true });
  chmodSync(join(folder, name), mode);
}

describe('the doctor looks at who can read files:', () => {
  it('nothing is wrong where there are none', async () => {
    expect(await linesFor()).toEqual([]);
  });

  it.each([
    [0o600, []],
    [0o640, ['✗ …/.env: other users can read the secrets in it. Chmod go= …/.env']],
    [0o604, ['✗ …/.env: other users can read the secrets in it. Chmod go= …/.env']],
    [0o620, ['✗ …/.env: other users can change the secrets in it. Chmod go= …/.env']],
  ])('.env with secrets, mode %o', async (mode, lines) => {
    write('.env', `TOCSIN_API_TOKEN=${TOKEN}\n`, mode);
    expect(await linesFor()).toEqual(lines);
  });

  it('.env without secrets may be read, and not changed', async () => {
    write('.env', 'TOCSIN_INGEST_PORT=19092\n', 0o644);
    expect(await linesFor()).toEqual([]);
    write('.env', 'TOCSIN_INGEST_PORT=19092\n', 0o666);
    expect(await linesFor()).toEqual([expect.stringMatching(/can read and change|can change/)]);
  });

  it('the settings file, wherever it is', async () => {
    const file = write('types.yaml', 'types: {}\n', 0o664);
    expect(await linesFor({ TOCSIN_SETTINGS: file })).toEqual([
      '✗ …/types.yaml: other users can change the types of alarms. Chmod go-w …/types.yaml',
    ]);
    chmodSync(file, 0o644);
    expect(await linesFor({ TOCSIN_SETTINGS: file })).toEqual([]);
    write('tocsin.yaml', 'types: {}\n', 0o646);
    expect(await linesFor()).toEqual([expect.stringContaining('tocsin.yaml')]);
  });

  it('the file of those who may sign in', async () => {
    const file = write('users.json', '{}', 0o640);
    expect(await linesFor({ TOCSIN_USERS: file })).toEqual([
      '✗ …/users.json: other users can read who may sign in. Chmod go= …/users.json',
    ]);
  });

  it('the files of secrets', async () => {
    const open = write('api-token', TOKEN, 0o644);
    const closed = write('metrics-token', TOKEN, 0o400);
    const findings = await secretFileModes({ TOCSIN_API_TOKEN_FILE: open, TOCSIN_METRICS_TOKEN_FILE: closed });
    expect(findings.map((finding) => lineOf(finding).replaceAll(folder, '…'))).toEqual([
      '✗ …/api-token: other users can read the secret in it. Chmod go= …/api-token',
    ]);
    write('.env', `TOCSIN_API_TOKEN_FILE=${closed}\n`, 0o644);
    expect(await linesFor()).toEqual([]);
  });

  it('the outbox, in a data folder that others can enter', async () => {
    make('data/outbox', 0o755);
    make('data', 0o755);
    expect(await linesFor()).toEqual(['✗ …/data/outbox: other users can read the list of mails in it. Chmod go= …/data/outbox']);
    make('data', 0o700);
    expect(await linesFor()).toEqual([]);
    make('data', 0o777);
    make('data/outbox', 0o700);
    expect(await linesFor()).toEqual([expect.stringContaining('Chmod go-w …/data')]);
  });
});

describe('the doctor looks at command lines:', () => {
  const told = (words: readonly string[], environment: Record<string, string> = {}) =>
    secretsOnCommandLines(environment, [
      { pid: '17', words },
      { pid: '18', words: ['node', 'main.ts', 'proxy'] },
    ] satisfies CommandLine[]).map(lineOf);

  it.each([
    ['a setting of env', ['env', `TOCSIN_API_TOKEN=${TOKEN}`, 'npm', 'start'], {}],
    ['a setting in the line of a shell', ['sh', '-c', `TOCSIN_KAFKA_PASSWORD='pass word' npm start`], {}],
    ['a password in an address', ['docker', 'run', '-e', 'TOCSIN_SMTP_URL=smtp://desk:secret-of-mail@mail:25', 'tocsin'], {}],
    [
      'a secret of the settings',
      ['curl', '-H', `Authorization: Bearer ${TOKEN}`, 'http://localhost:8080/api/alarms'],
      { TOCSIN_API_TOKEN: TOKEN },
    ],
  ])('%s is told, with the process and without the secret', (_, words, environment) => {
    const lines = told(words, environment);
    expect(lines).toEqual([expect.stringMatching(/^✗ process 17: its command line contains a secret/)]);
    expect(lines[0]).not.toMatch(/token-of|pass word|secret-of/);
  });

  it.each([
    ['no secret', ['npm', 'start'], { TOCSIN_API_TOKEN: TOKEN }],
    ['a setting that is none', ['env', 'TOCSIN_INGEST_PORT=19092', 'npm', 'start'], {}],
    ['the name of a gateway', ['ssh', 'north'], { TOCSIN_GATEWAY_TOKENS: 'north:0123456789abcdef' }],
    ['the file of a secret', ['env', 'TOCSIN_API_TOKEN_FILE=/run/secrets/api-token', 'npm', 'start'], {}],
    ['an empty one', ['env', 'TOCSIN_API_TOKEN=', 'npm', 'start'], {}],
  ])('%s is nothing', (_, words, environment) => {
    expect(told(words, environment)).toEqual([]);
  });

  it('a secret that stands in a file is told too, and its path is not', () => {
    const path = write('api-token', `${TOKEN}\n`, 0o600);
    expect(told(['curl', '-H', `Authorization: Bearer ${TOKEN}`], { TOCSIN_API_TOKEN_FILE: path })).toHaveLength(1);
    expect(told(['cat', path], { TOCSIN_API_TOKEN_FILE: path })).toEqual([]);
    expect(withoutSecrets({ TOCSIN_API_TOKEN_FILE: path })(`${TOKEN} of ${path}`)).toBe(`[secret] of ${path}`);
  });

  it('those of this machine are read', async () => {
    expect((await commandLines()).some(({ pid }) => pid === String(process.pid))).toBe(true);
  });
});
