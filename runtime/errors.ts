import { inspect } from 'node:util';

/** A fault with a stable code. Its class says whether trying again can help. */
class CodedError extends Error {
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** The same input will always fail: park it with its reason, don't retry. */
export class PermanentError extends CodedError {}

/** Trying again may help (network, disk, another process): retry with backoff. */
export class TransientError extends CodedError {}

/** The fault as one that may pass: for callers that must go on trying even if it was reported as permanent. */
export function retriable(error: unknown): unknown {
  return error instanceof PermanentError ? new Error(error.message, { cause: error }) : error;
}

const CAUSES_MAX = 8;

/** The message of any thrown value and of its causes, each once; never empty. */
export function reasonOf(error: unknown): string {
  const said = sayings(error, 0);
  const once = said.filter((one, i) => one !== '' && !said.slice(0, i).some((before) => before.includes(one)));
  return once.join(': ') || 'no reason was given';
}

/** The messages, from the outermost error to the innermost cause. */
function sayings(error: unknown, depth: number): string[] {
  if (error === undefined || error === null || depth > CAUSES_MAX) return [];
  if (!(error instanceof Error)) return [typeof error === 'string' ? error : inspect(error, { breakLength: Number.POSITIVE_INFINITY })];
  const own = error.message.trim();
  const behind = sayings(error.cause, depth + 1);
  // A connection that was tried at several addresses has an error for each.
  if (error instanceof AggregateError) behind.unshift([...new Set(error.errors.map(reasonOf))].join('; '));
  // Socket errors often have no message, or nothing after the colon, but a code.
  if (behind.join('') === '' && (own === '' || own.endsWith(':'))) behind.push(codeOf(error));
  return [own.replace(/:$/, ''), ...behind];
}

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}
