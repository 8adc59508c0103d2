import { reasonOf } from '../../runtime/errors.ts';
import { outputOf } from './child.ts';

const PROGRAM = 'main/clients/main.ts';

export interface SampleClientsOptions {
  /** The fleet. */
  readonly sensors: number;
  /** This many of them must be there before the demo says anything about them. */
  readonly first: number;
  readonly placeless: number;
  /** Existing clients were made by the demo, so a larger fleet adds more. Otherwise they are somebody's own and are left as they are. */
  readonly ours: boolean;
}

/** Sample clients, made beside the system that uses them. */
export interface SampleClients {
  /** Resolves when all are there, with a message for the user; undefined: nothing had to be made. Never rejects. */
  readonly all: Promise<string | undefined>;
}

/** Resolves once the first clients are there; the others come in their own time. */
export async function sampleClients(
  { sensors, first, placeless, ours }: SampleClientsOptions,
  environment: NodeJS.ProcessEnv,
  stop: AbortSignal,
): Promise<SampleClients> {
  const present = Number(await outputOf(PROGRAM, ['count'], { environment, stop }));
  if (present >= sensors || (present > 0 && !ours)) return { all: Promise.resolve(undefined) };
  const generate = (count: number, standsBack: boolean) =>
    outputOf(PROGRAM, ['generate', String(count), '--placeless', String(placeless)], { environment, stop, standsBack });
  if (present < first) await generate(first, false);
  return {
    all: generate(sensors, true).then(
      () => `${sensors.toLocaleString('en-US')} sample clients are in the directory`,
      (error: unknown) => (stop.aborted ? undefined : `not all sample clients could be made: ${reasonOf(error)}`),
    ),
  };
}
