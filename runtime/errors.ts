/** A fault with a stable code. Its class tells the caller what trying again is worth. */
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

/** The world is in the way (network, disk, another process): retry with backoff. */
export class TransientError extends CodedError {}

/** The fault as one that may pass: for those who must go on trying even where the world calls it permanent. */
export function retriable(error: unknown): unknown {
  return error instanceof PermanentError ? new Error(error.message, { cause: error }) : error;
}

/** What any thrown value says, in one line, with its causes as far as they say more. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (!(error.cause instanceof Error)) return error.message;
  const cause = reasonOf(error.cause);
  return error.message.includes(cause) ? error.message : `${error.message}: ${cause}`;
}
