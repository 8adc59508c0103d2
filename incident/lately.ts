import { type FloodMemory, Flood } from './flood.ts';
import { Parts, type Unwell } from './parts.ts';
import { type RefusalMemory, Refusals } from './refusals.ts';
import { type Opener, Runaways } from './runaway.ts';
import { type SilenceMemory, Silences } from './silences.ts';

export interface LatelyMemory {
  readonly openers: readonly Opener[];
  readonly flood: FloodMemory;
  readonly silences: SilenceMemory;
  readonly unwell: readonly Unwell[];
  readonly refused: RefusalMemory;
}

/** What has happened lately at all premises together: what makes one incident out of many. All of it is bounded, and outlasts a restart. */
export class Lately {
  readonly runaways = new Runaways();
  readonly flood = new Flood();
  readonly silences = new Silences();
  readonly parts = new Parts();
  readonly refusals = new Refusals();

  /** When something of it is due next, epoch ms. */
  get nextDue(): number {
    return Math.min(this.runaways.nextDue, this.flood.nextDue, this.parts.nextDue, this.refusals.nextDue);
  }

  memory(): LatelyMemory {
    return {
      openers: this.runaways.all(),
      flood: this.flood.memory(),
      silences: this.silences.memory(),
      unwell: this.parts.all(),
      refused: this.refusals.memory(),
    };
  }

  restore({ openers, flood, silences, unwell, refused }: LatelyMemory): void {
    this.runaways.restore(openers);
    this.flood.restore(flood);
    this.silences.restore(silences);
    this.parts.restore(unwell);
    this.refusals.restore(refused);
  }
}
