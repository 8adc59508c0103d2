import type { Settings } from './settings.ts';

/** How many sensors there are, so that one can say how large a part of them is silent. */
export interface Census {
  readonly all: number;
  readonly regions: Readonly<Record<string, number>>;
}

/** A sensor that fell silent lately. */
export interface Silence {
  /** Of the trouble, and of the incident that it is in. */
  readonly id: string;
  readonly incident: number;
  readonly region?: string;
  /** The tick, epoch ms. */
  readonly at: number;
}

export interface SilenceMemory {
  readonly census?: Census;
  readonly lately: readonly Silence[];
}

const NOWHERE = '';

/** Which sensors fell silent lately, by region; undefined stands for all regions together. */
export class Silences {
  /** By the id of the trouble, in the order of time. */
  readonly #lately = new Map<string, Map<string, Silence>>();
  census: Census | undefined;

  memory(): SilenceMemory {
    const lately = [...this.#lately.values()].flatMap((one) => [...one.values()]);
    return { lately, ...(this.census && { census: this.census }) };
  }

  restore({ census, lately }: SilenceMemory): void {
    this.census = census;
    for (const silence of lately) this.#put(silence);
  }

  add(silence: Silence): void {
    if (this.#lately.get(silence.region ?? NOWHERE)?.get(silence.id)?.incident !== silence.incident) this.#put(silence);
  }

  /** How many make an outage. Where it is not known how many there are, the number alone decides. */
  needed(region: string | undefined, { sensors, share }: Settings['outage']): number {
    const there = region === undefined ? this.census?.all : this.census?.regions[region];
    return Math.max(sensors, Math.ceil(share * (there ?? 0)));
  }

  /** Those that count for an outage of the region: silent for less than the span, and standing. Undefined: too few. */
  outage(region: string | undefined, now: number, settings: Settings['outage'], stands: (one: Silence) => boolean): Silence[] | undefined {
    const needed = this.needed(region, settings);
    const regions = region === undefined ? [...this.#lately.values()] : [this.#lately.get(region) ?? new Map<string, Silence>()];
    for (const one of regions) dropOld(one, now - settings.withinMs);
    if (sizeOf(regions) < needed) return undefined;
    for (const one of regions) for (const silence of [...one.values()]) if (!stands(silence)) one.delete(silence.id);
    return sizeOf(regions) < needed ? undefined : regions.flatMap((one) => [...one.values()]);
  }

  #put(silence: Silence): void {
    const region = silence.region ?? NOWHERE;
    const there = this.#lately.get(region) ?? new Map<string, Silence>();
    there.delete(silence.id);
    this.#lately.set(region, there.set(silence.id, silence));
  }
}

function dropOld(silences: Map<string, Silence>, until: number): void {
  for (const { id, at } of silences.values()) {
    if (at > until) return;
    silences.delete(id);
  }
}

function sizeOf(regions: readonly ReadonlyMap<string, Silence>[]): number {
  return regions.reduce((sum, { size }) => sum + size, 0);
}
