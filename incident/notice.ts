import { incidentName } from './incident-id.ts';

export const NOTICE_KINDS = ['opened', 'updated', 'taken', 'returned', 'reminder', 'escalated', 'unanswered', 'closed'] as const;
export type NoticeKind = (typeof NOTICE_KINDS)[number];

/** What a target is to be told. Carries no personal word: names and addresses are looked up at sending. */
export type Notice = IncidentNotice | DigestNotice;

/** That a target is to be told of an incident, as it is at version `sequence`. */
export interface IncidentNotice {
  /** Made of what caused it, so that the same input gives the same id, and a receiver knows a repeat. */
  readonly id: string;
  readonly incident: number;
  readonly target: string;
  readonly kind: NoticeKind;
  /** Epoch ms. */
  readonly at: number;
  readonly sequence: number;
}

/** Several incidents in one notice, the gravest first, of these the oldest. */
export interface DigestNotice {
  readonly id: string;
  readonly target: string;
  readonly kind: 'digest';
  /** Epoch ms. */
  readonly at: number;
  readonly lines: readonly { readonly incident: number; readonly sequence: number }[];
  /** How many there are besides. */
  readonly more: number;
}

const UNWANTED: readonly NoticeKind[] = ['taken'];

/** Whether a target wants notices of this kind; without a word of its own it wants all but the quietest. */
export function wants({ want }: { readonly want?: readonly NoticeKind[] }, kind: NoticeKind): boolean {
  return want ? want.includes(kind) : !UNWANTED.includes(kind);
}

/** Ids of notices: of a step of a run, and of a version. */
export function stepNoticeId(incident: number, run: number, step: number, repetition: number, target: string): string {
  return `${incidentName(incident)}.${run}.${step}.${repetition}.${target}`;
}

export function versionNoticeId(incident: number, kind: NoticeKind, version: number, target: string): string {
  return `${incidentName(incident)}.${kind}${version}.${target}`;
}

export function digestNoticeId(target: string, offset: number): string {
  return `d-${target}-${offset}`;
}
