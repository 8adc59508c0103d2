/** Lets programs use a port beside the system. */
import { Registry } from 'prom-client';
import { SteadyClock } from '../runtime/clock.ts';
import { Health } from '../runtime/health.ts';
import { Lifecycle } from '../runtime/lifecycle.ts';
import { createLogger } from '../runtime/logging.ts';
import { readConfig } from './configuration.ts';
import { OpenPorts } from './open-ports.ts';
import type { PortName, Ports } from './ports.ts';

const STOP_MS = 10_000;

/**
 * Opens the port that the settings choose, logs nothing, and closes it whatever happens. `beside`: a system may be running on the same data folder;
 * otherwise the folder is refused while one is. Rejects with ConfigurationError, as the adapter does, and as `work` does.
 */
export async function withPort<P extends PortName, T>(
  name: P,
  environment: NodeJS.ProcessEnv,
  how: { readonly beside: boolean },
  work: (port: Pick<Ports, P>, clock: () => number) => Promise<T>,
): Promise<T> {
  return withPorts([name], environment, how, work);
}

/** The same with several. */
export async function withPorts<P extends PortName, T>(
  names: readonly P[],
  environment: NodeJS.ProcessEnv,
  { beside }: { readonly beside: boolean },
  work: (port: Pick<Ports, P>, clock: () => number) => Promise<T>,
): Promise<T> {
  const config = readConfig(new Set(), environment, names);
  const lifecycle = new Lifecycle();
  const steadyClock = new SteadyClock();
  const logger = await createLogger({ level: 'silent', format: 'json' });
  // Such a program removes nothing by age.
  const deps = { clock: steadyClock.now, logger, registry: new Registry(), health: new Health(), removalClock: () => undefined };
  try {
    return await work(await new OpenPorts(config, { deps, steadyClock, lifecycle, beside }).open(names), steadyClock.now);
  } finally {
    await lifecycle.stop(STOP_MS);
  }
}
