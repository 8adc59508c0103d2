import { fstatSync, type Stats, statSync } from 'node:fs';

/** Notices that an open file is no longer the one at its path: it was removed, moved or replaced, and what is written to it will be gone with the process. */
export class FileInPlace {
  readonly #path: string;
  readonly #handle: number;
  #known: string | undefined;

  /** `handle` stays the caller's. */
  constructor(path: string, handle: number) {
    this.#path = path;
    this.#handle = handle;
    this.#known = identityOf(() => fstatSync(handle));
  }

  /** Takes a few microseconds. */
  get isThere(): boolean {
    const found = identityOf(() => statSync(this.#path));
    if (found !== undefined && found === this.#known) return true;
    // Some file systems of networks and containers give a file another number now and then.
    this.#known = identityOf(() => fstatSync(this.#handle));
    return found !== undefined && found === this.#known;
  }
}

/** Undefined: there is no file, or its disk doesn't answer. */
function identityOf(look: () => Stats): string | undefined {
  try {
    const { dev, ino } = look();
    return `${dev}/${ino}`;
  } catch {
    return undefined;
  }
}
