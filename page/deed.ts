export type Wish =
  | { readonly kind: 'acknowledge' }
  | { readonly kind: 'note'; readonly note: string }
  | { readonly kind: 'disposition'; readonly disposition: string };

/** One action of the operator, from the key press to its outcome. */
export interface Deed {
  /** Of the action, so that sending it twice does it once. */
  readonly id: string;
  readonly alarm: string;
  /** The alarm's type and sensor, in words. */
  readonly about: string;
  readonly wish: Wish;
  /** Of the alarm that the operator saw. */
  readonly version: number;
  readonly state: 'sending' | 'asking' | 'untaken' | 'unknown' | 'refused' | 'done';
  readonly reason?: string | undefined;
}

export const isUnderWay = ({ state }: Deed): boolean => state === 'sending' || state === 'asking';

export const isSame = (a: Wish, b: Wish): boolean => JSON.stringify(a) === JSON.stringify(b);
