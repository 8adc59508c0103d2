import { createHash } from 'node:crypto';
import { Gauge, type Registry } from 'prom-client';
import type { Parts, ValuesOf } from './part.ts';

const DIGITS = 12;

/** The same for the same settings, however they are written. All hosts of an installation should have the same digest. */
export function digestOf<P extends Parts>(parts: P, values: ValuesOf<P>): string {
  const written = Object.entries(parts).map(([name, part]) => [name, part.write(values[name])]);
  return createHash('sha256').update(JSON.stringify(written)).digest('hex').slice(0, DIGITS);
}

/** Publishes the digest as a metric, so that hosts with different files are noticed. */
export function observeDigest(digest: string, registry: Registry): void {
  new Gauge({
    name: 'tocsin_settings_info',
    help: 'The settings file that is in effect, by a digest of what it says: all processes should show the same',
    labelNames: ['digest'],
    registers: [registry],
  }).set({ digest }, 1);
}
