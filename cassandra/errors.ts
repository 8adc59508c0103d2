import { errors, types } from 'cassandra-driver';
import { PermanentError, reasonOf, TransientError } from '../runtime/errors.ts';

const { responseErrorCodes: codes } = types;
/** Answers to a statement that always fails. Any other failure may pass. */
const REFUSALS: ReadonlySet<number> = new Set([
  codes.syntaxError,
  codes.unauthorized,
  codes.invalid,
  codes.configError,
  codes.alreadyExists,
  codes.protocolError,
]);

/** The driver has no error class for a data centre that doesn't exist. */
const DATA_CENTRES = /(?:found hosts in data centers: |Available DCs are: )\[(.*)\]/;

/**
 * The driver's error as the ports promise it: PermanentError `cassandra-login`, `cassandra-refused` or `cassandra-data-centre`, TransientError
 * `cassandra-away`. An error that is one of these already is returned unchanged. Messages never hold values of a statement.
 */
export function faultOf(error: unknown): PermanentError | TransientError {
  if (error instanceof PermanentError || error instanceof TransientError) return error;
  const cause = innermost(error);
  if (cause instanceof errors.AuthenticationError || codeOf(cause) === codes.badCredentials)
    return new PermanentError('cassandra-login', 'Cassandra refuses the user name or password', { cause });
  const dataCentres = cause instanceof Error ? DATA_CENTRES.exec(cause.message)?.[1] : undefined;
  if (dataCentres !== undefined)
    return new PermanentError('cassandra-data-centre', `Cassandra does not have the configured data centre, only: ${dataCentres}`);
  if (cause instanceof errors.ResponseError && REFUSALS.has(cause.code))
    return new PermanentError('cassandra-refused', `Cassandra refuses a statement: ${cause.message}`);
  return new TransientError('cassandra-away', `Cassandra is out of reach: ${shortly(cause)}`);
}

/** Whether to try again at once: the cause may be a node that has just died, which the others haven't noticed yet. */
export function isWorthAnotherAttempt(error: unknown): boolean {
  return !(faultOf(error) instanceof PermanentError);
}

/** If several nodes were tried: the error of one that refused the log-in, otherwise of the first. */
function innermost(error: unknown): unknown {
  if (!(error instanceof errors.NoHostAvailableError)) return error;
  const inner = Object.values((error.innerErrors ?? {}) as Record<string, unknown>);
  return inner.find((one) => one instanceof errors.AuthenticationError || codeOf(one) === codes.badCredentials) ?? inner[0] ?? error;
}

function codeOf(error: unknown): number | undefined {
  return error instanceof errors.ResponseError ? error.code : undefined;
}

function shortly(error: unknown): string {
  if (error instanceof errors.NoHostAvailableError) return 'no node answers';
  return error instanceof Error ? error.message.split('\n', 1)[0] || reasonOf(error) : String(error);
}
