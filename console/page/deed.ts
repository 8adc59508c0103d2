export type Wish =
  | { readonly kind: 'acknowledge' }
  | { readonly kind: 'note'; readonly note: string }
  | { readonly kind: 'disposition'; readonly disposition: string };

/** One wish of the operator, from the key to its outcome. */
export interface Deed {
  /** Of the action: whoever sends it twice has done it once. */
  readonly id: string;
  readonly alarm: string;
  /** What alarm that is, in words. */
  readonly about: string;
  readonly wish: Wish;
  /** Of the alarm as the operator saw it. */
  readonly version: number;
  readonly state: 'sending' | 'asking' | 'untaken' | 'unknown' | 'refused' | 'done';
  readonly reason?: string | undefined;
}

export const isUnderWay = ({ state }: Deed): boolean => state === 'sending' || state === 'asking';

export const isSame = (a: Wish, b: Wish): boolean => JSON.stringify(a) === JSON.stringify(b);
