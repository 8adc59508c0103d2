import { codedReasonOf, foreignReasonOf } from './foreign-errors.ts';

/**
 * An error in our own words: its message may appear in logs, answers and health. So it must never quote a row, a record or another program; it may quote
 * what a person typed or set.
 */
export class OwnError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** An error with a stable code. Its class says whether trying again can help. */
class CodedError extends OwnError {
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** The same input will always fail: park it with its reason, don't retry. */
export class PermanentError extends CodedError {}

/** Trying again may help (network, disk, another process): retry with backoff. */
export class TransientError extends CodedError {}

/** The error as a transient one, for callers that must keep trying even if it was reported as permanent. */
export function retriable(error: unknown): unknown {
  return error instanceof PermanentError ? new OwnError(error.message, { cause: error }) : error;
}

const CAUSES_MAX = 8;

/**
 * The reason for any thrown value and its causes, each once; never empty. Our own errors are quoted. Of all others, those of libraries and Node, only the
 * code is kept, since their messages may contain personal data: see foreign-errors.ts.
 */
export function reasonOf(error: unknown): string {
  const said = sayings(error, 0);
  const once = said.filter((one, i) => one !== '' && !said.slice(0, i).some((before) => before.includes(one)));
  return once.join(': ') || (error === undefined || error === null || error === '' ? 'no reason was given' : foreignReasonOf(error));
}

/** From the outermost error to the innermost cause. */
function sayings(error: unknown, depth: number): string[] {
  if (error === undefined || error === null || depth > CAUSES_MAX) return [];
  if (!(error instanceof Error)) return [];
  const behind = sayings(error.cause, depth + 1);
  // A connection attempt at several addresses has an error for each.
  if (error instanceof AggregateError) behind.unshift([...new Set(error.errors.map(reasonOf))].join('; '));
  if (error instanceof OwnError) return [error.message.trim().replace(/:$/, ''), ...behind];
  if (behind.join('') === '') return [foreignReasonOf(error)];
  // A wrapper adds nothing to its causes, unless it has a code of its own.
  const own = error instanceof AggregateError ? undefined : codedReasonOf(error);
  return own === undefined ? behind : [own, ...behind];
}
