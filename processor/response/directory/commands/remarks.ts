import { closeSync, openSync, writeSync } from 'node:fs';
import { PermanentError, reasonOf } from '../../../../runtime/errors.ts';
import type { Remark } from '../import.ts';
import { grouped } from './command.ts';

const SHOWN_MAX = 20;

/** The first remarks for the screen, all of them for a file where one is named. */
export interface Remarks {
  add(remark: Remark): void;
  show(): void;
  close(): void;
}

/** Throws PermanentError `file`. */
export function openRemarks(file: string | undefined): Remarks {
  const descriptor = file === undefined ? undefined : openForWriting(file);
  const shown: string[] = [];
  let total = 0;
  let closed = false;
  return {
    add: (remark) => {
      const line = `${remark.file}:${remark.line}: ${remark.reason}\n`;
      total += 1;
      if (shown.length < SHOWN_MAX) shown.push(line);
      if (descriptor !== undefined) writeSync(descriptor, line);
    },
    show: () => {
      for (const line of shown) process.stderr.write(line);
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
