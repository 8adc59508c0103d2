import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { type Finding, wrong } from '../../runtime/diagnosis.ts';
import { secretsIn, secretsKnownTo } from './secrets.ts';

/** Shorter values, such as the names beside gateways' tokens, may appear in a command line by chance. */
const TELLING_LENGTH = 8;
const LIST_MS = 5_000;

export interface CommandLine {
  readonly pid: string;
  readonly words: readonly string[];
}

/** The command lines of all processes on this machine, which any user can read; empty if they are unavailable. */
export async function commandLines(): Promise<readonly CommandLine[]> {
  if (process.platform === 'win32') return [];
  if (process.platform !== 'linux') {
    const list = await promisify(execFile)('ps', ['-axww', '-o', 'pid=,args='], { timeout: LIST_MS }).catch(() => ({ stdout: '' }));
    return list.stdout.split('\n').map((line) => {
      const [pid = '', ...words] = line.trim().split(/\s+/);
      return { pid, words };
    });
  }
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name));
  return await Promise.all(
    pids.map(async (pid) => ({ pid, words: (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0') })),
  );
}

/** Finds secrets in the command lines of processes: those of the settings, and any that are set there. Names the process, never the secret. */
export function secretsOnCommandLines(environment: NodeJS.ProcessEnv, lines: readonly CommandLine[]): readonly Finding[] {
  const known = secretsKnownTo(environment).filter((secret) => secret.length >= TELLING_LENGTH);
  const shown = ({ words }: CommandLine): boolean =>
    words.some((word) => known.some((secret) => word.includes(secret))) || secretsIn(settingsIn(words)).length > 0;
  return lines
    .filter(shown)
    .map(({ pid }) =>
      wrong(
        `process ${pid}`,
        'its command line contains a secret, which every user of this machine can read (ps)',
        'change that secret, and set it in the environment or in .env, which only this user can read',
      ),
    );
}

/** The settings in words such as `env TOCSIN_API_TOKEN=…`, or in a shell's command. */
function settingsIn(words: readonly string[]): Record<string, string> {
  const set = words.join(' ').matchAll(/\b(TOCSIN_[A-Z_]+)=(?:'([^']*)'|"([^"]*)"|([^\s;&|]*))/g);
  return Object.fromEntries([...set].map(([, name = '', single, double, bare]) => [name, single ?? double ?? bare ?? '']));
}
