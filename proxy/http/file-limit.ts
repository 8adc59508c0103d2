import { readFileSync } from 'node:fs';

/** How many files and connections this process may have open; undefined: the system doesn't say (only Linux does). */
export function openFilesMax(): number | undefined {
  try {
    const soft = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    return soft === undefined ? undefined : Number(soft);
  } catch {
    return undefined;
  }
}
