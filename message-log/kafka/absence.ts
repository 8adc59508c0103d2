import { counted } from '../../runtime/counted.ts';
import type { TransientError } from '../../runtime/errors.ts';
import type { Client } from '../../kafka/client.ts';
import { nameOf, unavailable } from '../../kafka/faults.ts';

/** Why a topic that the log can do without is neither written nor read, with what to do about it; undefined: it is there. */
export function absenceOf(
  client: Pick<Client, 'absenceOf' | 'partitionsOf'>,
  name: string,
  partitions: number,
): TransientError | undefined {
  const code = client.absenceOf(name);
  if (code !== 0)
    return unavailable(
      `topic ${name}: ${nameOf(code)}: "npm run topics" creates it, and with --acls prints the rights that its users need`,
    );
  const found = client.partitionsOf(name);
  return found < partitions
    ? unavailable(`topic ${name} has ${counted(found, 'partition')} where ${counted(partitions, 'is', 'are')} needed`)
    : undefined;
}
