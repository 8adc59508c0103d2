import { statSync } from 'node:fs';

/** Which file is at `path`, for comparing; undefined: none, or nobody can say. Takes a few microseconds. */
export function fileAt(path: string): string | undefined {
  try {
    const { dev, ino } = statSync(path);
    return `${dev}/${ino}`;
  } catch {
    return undefined;
  }
}
