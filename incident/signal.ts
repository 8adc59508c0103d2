import type { CloseDisposition, Member, Place, PremisesKind } from './incident.ts';
import type { Refused } from './refusals.ts';
import type { Census } from './silences.ts';
import type { Settings } from './settings.ts';

/** An alarm or a trouble as it is now. Of one id, a version that is not above the last one is a repeat. */
export interface ConditionSignal {
  readonly signal: 'condition';
  readonly of: PremisesKind;
  readonly member: Member & { readonly sensor: number };
  /** Undefined: the directory does not know the sensor, or could not be asked. */
  readonly place?: Place;
}

/** The directory answered after all. */
export interface PlacedSignal {
  readonly signal: 'placed';
  readonly sensor: number;
  readonly place: Place;
}

export interface ActionOn {
  /** Unique, made by whoever asks: the same action twice has one effect and one answer. */
  readonly id: string;
  readonly by: string;
  readonly incident: number;
}

/** Somebody offers incidents that they have, those named or all, to one operator or to whoever accepts. Its id is the offer's. */
export interface OfferAction extends Omit<ActionOn, 'incident'> {
  readonly kind: 'offer';
  readonly incidents: readonly number[] | 'all';
  readonly to?: string;
}

/** Somebody takes what is offered. */
export interface AcceptAction extends Omit<ActionOn, 'incident'> {
  readonly kind: 'accept';
  readonly offer: string;
}

/** What an operator asks for. `next` takes the gravest, oldest incident that nobody has; `over` takes it from whoever has it. */
export type IncidentAction =
  | (ActionOn & { readonly kind: 'take'; readonly over?: boolean })
  | (ActionOn & { readonly kind: 'look' })
  | (ActionOn & { readonly kind: 'note'; readonly note: string })
  /** Something on the list for such cases is done. Dispatches: somebody was sent there. */
  | (ActionOn & { readonly kind: 'step'; readonly step: string; readonly dispatches?: boolean })
  | (ActionOn & { readonly kind: 'hold'; readonly ms: number; readonly why: string })
  | (ActionOn & { readonly kind: 'release' })
  | (ActionOn & {
      readonly kind: 'close';
      /** Of the incident as the operator saw it. */
      readonly membersVersion: number;
      readonly disposition: CloseDisposition;
      readonly standing?: boolean;
      readonly note?: string;
    })
  | (ActionOn & { readonly kind: 'disposition'; readonly disposition: CloseDisposition })
  | (Omit<ActionOn, 'incident'> & { readonly kind: 'next' })
  | OfferAction
  | AcceptAction;

export interface ActionSignal {
  readonly signal: 'action';
  readonly action: IncidentAction;
}

/** The operators with an unlocked page, from one console; every 20 s. */
export interface PresenceSignal {
  readonly signal: 'presence';
  readonly operators: readonly string[];
}

/** A notice has arrived. */
export interface DeliveredSignal {
  readonly signal: 'delivered';
  readonly incidents: readonly number[];
}

/** An incident was on an operator's page. */
export interface ShownSignal {
  readonly signal: 'shown';
  readonly incident: number;
  readonly by: string;
}

/** How many sensors there are: what an outage is a part of. */
export interface CensusSignal {
  readonly signal: 'census';
  readonly census: Census;
}

/** How a part of the system is. Vital: without it nothing is detected. */
export interface PartSignal {
  readonly signal: 'part';
  readonly part: string;
  readonly isWell: boolean;
  readonly isVital: boolean;
}

/** How many lines of an origin were refused within a minute. */
export interface RefusedSignal {
  readonly signal: 'refused';
  readonly refused: Refused;
}

/** Time passes: the clock of the task's owner, epoch ms, and the owner's epoch, so that one who was deposed is not heard. */
export interface TickSignal {
  readonly signal: 'tick';
  readonly at: number;
  readonly epoch: number;
}

/** The settings from here on. Runs that have begun keep their steps. */
export interface SettingsSignal {
  readonly signal: 'settings';
  readonly settings: Settings;
}

export type Signal =
  | ConditionSignal
  | PlacedSignal
  | ActionSignal
  | PresenceSignal
  | DeliveredSignal
  | ShownSignal
  | CensusSignal
  | PartSignal
  | RefusedSignal
  | TickSignal
  | SettingsSignal;

/** A record of the one partition whose order decides every race. */
export interface SignalRecord {
  readonly offset: number;
  /** When it was written, epoch ms, by the clock of whoever wrote it. */
  readonly at: number;
  readonly signal: Signal;
}
