import { existsSync, readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';

/** The environment of the process, and the lines of a file `.env` in the folder where it was started; the environment wins. */
export function readEnvironment(): NodeJS.ProcessEnv {
  return { ...(existsSync('.env') ? parseEnv(readFileSync('.env', 'utf8')) : {}), ...process.env };
}
