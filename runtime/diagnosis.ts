import type { Clock } from './clock.ts';

/** The result of one check of `npm run doctor`: one line for a person, without secrets or client data. */
export interface Finding {
  /** What was checked, in a few words: `Kafka 10.0.0.5:9092`, `topic ALARM`, `keyspace world`. */
  readonly check: string;
  readonly ok: boolean;
  /** What was seen: `reachable, Kafka 4.4.0, signed in as tocsin`, or what is wrong: `no answer within 5 s`. */
  readonly found: string;
  /** What to do about it; only if it isn't ok. */
  readonly advice?: string;
}

/**
 * What a check gets besides its configuration: `diagnose…(config, deps): Promise<readonly Finding[]>`. It looks at a server or folder as the system would
 * use it, changes nothing, sends nothing, and never rejects: a failure is a finding. Once something is wrong, checks that depend on it are left out.
 */
export interface DiagnosisDeps {
  readonly clock: Clock;
  /** How long one question to a server may take, ms. */
  readonly timeoutMs: number;
  /** Whether what lies on this machine is read whole, however long that takes. */
  readonly deep?: boolean;
}

export function fine(check: string, found: string): Finding {
  return { check, ok: true, found };
}

export function wrong(check: string, found: string, advice: string): Finding {
  return { check, ok: false, found, advice };
}
