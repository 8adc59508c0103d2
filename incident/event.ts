import type { Severity } from '../alarm/severity.ts';
import type { Area, Claim, Closing, CloseDisposition, Crowd, IncidentKind, Member, Place } from './incident.ts';
import type { Run } from './run.ts';

/** What every event says besides. */
interface Happening {
  readonly incident: number;
  /** Epoch ms of the engine. */
  readonly at: number;
  /** Offset of the signal that caused it. */
  readonly cause: number;
}

/** What happened to an incident: its custody is the list of these. Each makes its next version. */
export type Change =
  | {
      readonly event: 'opened';
      readonly key: string;
      readonly kind: IncidentKind;
      readonly place?: Area;
      readonly previous?: number;
      readonly member: Member;
      readonly recurring?: true;
    }
  | { readonly event: 'joined'; readonly member: Member }
  /** There were too many members; `crowd` counts all that have left. */
  | { readonly event: 'crowded'; readonly crowd: Crowd }
  /** It belongs to an incident of many premises from here on; whether it waits for that one's end. */
  | { readonly event: 'adopted'; readonly parent: number; readonly pauses: boolean }
  | { readonly event: 'left'; readonly parent: number }
  /** So many lines were refused since it began. */
  | { readonly event: 'counted'; readonly count: number }
  /** It was active for so long that there is a trouble of it. */
  | { readonly event: 'unrestored' }
  /** A word of it has arrived, or it was on an operator's page, for the first time. */
  | { readonly event: 'notified' }
  | { readonly event: 'shown'; readonly by: string }
  /** What its owner has done, by the list for such cases. Dispatches: somebody was sent there. */
  | { readonly event: 'stepped'; readonly by: string; readonly step: string; readonly dispatches: boolean; readonly attentionMs: number }
  /** A member is another one by now: cleared, or acknowledged through the alarm. */
  | { readonly event: 'changed'; readonly member: Member }
  | { readonly event: 'worsened'; readonly severity: Severity; readonly confirmed?: readonly [string, string] }
  /** Its owner has this long to look. */
  | { readonly event: 'urged'; readonly ms: number }
  | { readonly event: 'placed'; readonly key: string; readonly place: Place }
  | { readonly event: 'ran'; readonly run: Run }
  | { readonly event: 'said'; readonly step: number; readonly repetition: number; readonly skipped: number; readonly to: readonly string[] }
  | { readonly event: 'told'; readonly to: readonly string[] }
  | { readonly event: 'unanswered' }
  | { readonly event: 'taken'; readonly by: string; readonly over?: string; readonly attentionMs: number }
  | { readonly event: 'looked'; readonly by: string; readonly attentionMs: number }
  | { readonly event: 'noted'; readonly by: string; readonly note: string; readonly attentionMs?: number }
  | { readonly event: 'held'; readonly by: string; readonly ms: number; readonly why: string }
  | { readonly event: 'offered'; readonly by: string; readonly offer: string; readonly ms: number; readonly to?: string }
  | { readonly event: 'handed'; readonly by: string; readonly over: string; readonly attentionMs: number }
  /** Nobody accepted it: both hear of that by this event, and the claim stays where it is. */
  | { readonly event: 'lapsed'; readonly offer: string }
  | { readonly event: 'woken'; readonly attentionMs: number }
  | { readonly event: 'returned'; readonly why: 'released' | 'unattended' | 'absent' | 'hold over' }
  /** The members, the told and perhaps the claim of another incident pass over to this one. */
  | {
      readonly event: 'absorbed';
      readonly from: number;
      readonly members: readonly Member[];
      readonly told: readonly string[];
      readonly claim?: Claim;
      readonly crowd?: Crowd;
      readonly openedAt: number;
    }
  | { readonly event: 'closed'; readonly closing: Closing }
  | { readonly event: 'disposed'; readonly by: string; readonly disposition: CloseDisposition }
  /** Timers that began ahead of time begin now. */
  | { readonly event: 'clamped'; readonly to: number };

export type IncidentEvent = Happening & Change;
