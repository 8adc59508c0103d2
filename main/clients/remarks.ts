import { closeSync, openSync, writeSync } from 'node:fs';
import { PermanentError, reasonOf } from '../../runtime/errors.ts';
import type { ImportListener, Remark } from '../../directory/import.ts';
import { grouped } from './grouped.ts';

const SHOWN_MAX = 20;

/** The first remarks for the screen, those on rows that were left out before the others; all of them for a file where one is named. */
export interface Remarks {
  readonly listener: Pick<ImportListener, 'rejected' | 'repeated' | 'remarked'>;
  show(): void;
  close(): void;
}

/** Throws PermanentError `file`. */
export function openRemarks(file: string | undefined): Remarks {
  const descriptor = file === undefined ? undefined : openForWriting(file);
  const leftOut: string[] = [];
  const others: string[] = [];
  let total = 0;
  let closed = false;
  const adding =
    (shown: string[], verdict: string) =>
    ({ file: source, line, reason }: Remark): void => {
      const text = `${source}:${line}: ${verdict}: ${reason}\n`;
      total += 1;
      if (shown.length < SHOWN_MAX) shown.push(text);
      if (descriptor !== undefined) writeSync(descriptor, text);
    };
  return {
    listener: {
      rejected: adding(leftOut, 'left out'),
      remarked: adding(others, 'imported, but'),
      repeated: adding(others, 'imported'),
    },
    show: () => {
      const shown = [...leftOut, ...others];
      for (const text of shown) process.stderr.write(text);
      if (total > shown.length)
        process.stderr.write(
          `… and ${grouped(total - shown.length)} more${file === undefined ? '; --rejects FILE lists them all' : `, all in ${file}`}\n`,
        );
    },
    close: () => {
      if (descriptor !== undefined && !closed) closeSync(descriptor);
      closed = true;
    },
  };
}

function openForWriting(file: string): number {
  try {
    return openSync(file, 'w');
  } catch (error) {
    throw new PermanentError('file', `${file} cannot be written: ${reasonOf(error)}; name another file with --rejects`, { cause: error });
  }
}
