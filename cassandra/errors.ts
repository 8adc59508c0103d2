import { errors, types } from 'cassandra-driver';
import { PermanentError, reasonOf, TransientError } from '../runtime/errors.ts';

const { responseErrorCodes: codes } = types;
/** Answers that mean: not like this, however often it is asked. Anything else is the cluster's state of the moment. */
const REFUSALS: ReadonlySet<number> = new Set([
  codes.syntaxError,
  codes.unauthorized,
  codes.invalid,
  codes.configError,
  codes.alreadyExists,
  codes.protocolError,
]);

/** The driver has no error of its own for a data centre that isn't there. */
const DATA_CENTRES = /(?:found hosts in data centers: |Available DCs are: )\[(.*)\]/;

/**
 * What the driver threw, in the terms of the ports. PermanentError `cassandra-login`, `cassandra-refused`, `cassandra-data-centre`; TransientError
 * `cassandra-away`. Messages never hold values of a statement.
 */
export function faultOf(error: unknown): PermanentError | TransientError {
  if (error instanceof PermanentError || error instanceof TransientError) return error;
  const cause = innermost(error);
  if (cause instanceof errors.AuthenticationError || codeOf(cause) === codes.badCredentials)
    return new PermanentError('cassandra-login', 'Cassandra refuses user and password', { cause });
  const dataCentres = cause instanceof Error ? DATA_CENTRES.exec(cause.message)?.[1] : undefined;
  if (dataCentres !== undefined)
    return new PermanentError('cassandra-data-centre', `the data centre is not one of Cassandra's, which are: ${dataCentres}`);
  if (cause instanceof errors.ResponseError && REFUSALS.has(cause.code))
    return new PermanentError('cassandra-refused', `Cassandra refuses a statement: ${cause.message}`);
  return new TransientError('cassandra-away', `Cassandra is out of reach: ${shortly(cause)}`);
}

/** It may have been one node that has just died, before the others noticed. */
export function isWorthAnotherAttempt(error: unknown): boolean {
  return !(faultOf(error) instanceof PermanentError);
}

/** Of several nodes that were tried, what the first one with something to say said. */
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
