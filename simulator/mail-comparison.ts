import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ObservedAlarm } from './comparison.ts';

/** One mail of the outbox, from its headers. */
export interface OutboxMail {
  readonly alarm: string;
  readonly event: string;
}

export interface MailComparison {
  /** `<alarm> raised` or `<alarm> cleared`, each once. */
  readonly missing: readonly string[];
  readonly doubled: readonly string[];
  /** Mails about unknown alarms, or that report an alarm as cleared that isn't. */
  readonly invented: readonly string[];
  readonly mails: number;
}

const HEAD_BYTES = 16 * 1024;

/** Reads the headers of the .eml files that appear in a folder; each file once, since it is complete when it appears. */
export class Outbox {
  readonly #folder: string;
  readonly #mails = new Map<string, OutboxMail | undefined>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Ignores the files that are there now. Rejects if the folder can't be read. */
  async skipPresent(): Promise<void> {
    for (const name of await readdir(this.#folder)) this.#mails.set(name, undefined);
  }

  /** All mails with the headers of an alarm. Rejects if the folder can't be read. */
  async mails(): Promise<OutboxMail[]> {
    for (const name of await readdir(this.#folder)) {
      if (name.endsWith('.eml') && !this.#mails.has(name)) this.#mails.set(name, mailOf(await head(join(this.#folder, name))));
    }
    return [...this.#mails.values()].filter((mail) => mail !== undefined);
  }
}

/** Checks that every alarm has one mail when it is raised and one when it is cleared. `others`: ids of alarms that are not from this run. */
export function compareMails(alarms: readonly ObservedAlarm[], mails: readonly OutboxMail[], others: ReadonlySet<string>): MailComparison {
  const due = new Map<string, number>();
  for (const { id, cleared } of alarms) {
    due.set(`${id} raised`, 0);
    if (cleared) due.set(`${id} cleared`, 0);
  }
  const invented: string[] = [];
  let own = 0;
  for (const { alarm, event } of mails) {
    if (others.has(alarm)) continue;
    own += 1;
    const key = `${alarm} ${event}`;
    const count = due.get(key);
    if (count !== undefined) due.set(key, count + 1);
    else invented.push(key);
  }
  const missing = [...due].filter(([, count]) => count === 0).map(([key]) => key);
  const doubled = [...due].filter(([, count]) => count > 1).map(([key]) => key);
  return { missing, doubled, invented, mails: own };
}

async function head(path: string): Promise<string> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    return buffer.toString('latin1', 0, bytesRead);
  } finally {
    await file.close();
  }
}

function mailOf(text: string): OutboxMail | undefined {
  const headers = text.split(/\r?\n\r?\n/, 1)[0] ?? '';
  const alarm = header(headers, 'x-tocsin-alarm');
  const event = header(headers, 'x-tocsin-event');
  return alarm === undefined || event === undefined ? undefined : { alarm, event };
}

/** A header's value, unfolded. */
function header(headers: string, name: string): string | undefined {
  return new RegExp(`^${name}:[ \\t]*((?:.|\\r?\\n[ \\t])*)$`, 'im')
    .exec(headers)?.[1]
    ?.replace(/\r?\n[ \t]+/g, '')
    .trim();
}
