import { errors, types } from 'cassandra-driver';
import { PermanentError, reasonOf, TransientError } from '../runtime/errors.ts';

const { responseErrorCodes: codes } = types;
/** Answers to a statement that always fails, and why. Any other failure may pass. */
const REFUSED_FOR: ReadonlyMap<number, string> = new Map([
  [codes.syntaxError, 'it does not understand it'],
  [codes.unauthorized, 'this user has not the right to it'],
  [codes.invalid, 'its tables are not as they should be, see npm run schema'],
  [codes.configError, 'it is not set up for it'],
  [codes.alreadyExists, 'it is there already'],
  [codes.protocolError, 'it speaks another protocol'],
]);

/** Of a node that answers. */
const AWAY_FOR: ReadonlyMap<number, string> = new Map([
  [codes.serverError, 'a node has a fault of its own'],
  [codes.unavailableException, 'too few replicas are there'],
  [codes.overloaded, 'a node is overloaded'],
  [codes.isBootstrapping, 'a node is still starting'],
  [codes.truncateError, 'a table could not be emptied'],
  [codes.writeTimeout, 'replicas did not confirm in time'],
  [codes.readTimeout, 'replicas did not answer in time'],
  [codes.readFailure, 'replicas could not read'],
  [codes.writeFailure, 'replicas could not write'],
]);

/** The driver has no error class for a data centre that doesn't exist. */
const DATA_CENTRES = /(?:found hosts in data centers: |Available DCs are: )\[([\w., -]*)\]/;

/**
 * The driver's error as the ports promise it: PermanentError `cassandra-login`, `cassandra-refused` or `cassandra-data-centre`, TransientError
 * `cassandra-away`. An error that is one of these already is returned unchanged. Messages hold no words of the driver or the server, which may quote
 * values of a statement.
 */
export function faultOf(error: unknown): PermanentError | TransientError {
  if (error instanceof PermanentError || error instanceof TransientError) return error;
  const cause = innermost(error);
  if (cause instanceof errors.AuthenticationError || codeOf(cause) === codes.badCredentials)
    return new PermanentError('cassandra-login', 'Cassandra refuses the user name or password', { cause });
  const dataCentres = cause instanceof Error ? DATA_CENTRES.exec(cause.message)?.[1] : undefined;
  if (dataCentres !== undefined)
    return new PermanentError('cassandra-data-centre', `Cassandra does not have the configured data centre, only: ${dataCentres}`);
  if (cause instanceof errors.ResponseError && REFUSED_FOR.has(cause.code))
    return new PermanentError('cassandra-refused', `Cassandra refuses a statement: ${REFUSED_FOR.get(cause.code)}`);
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
  return AWAY_FOR.get(codeOf(error) ?? -1) ?? reasonOf(error);
}
