/** What became of an action. `code` as in HTTP: 404 no such incident, 409 it is another one by now, 422 a field that is wrong. */
export type Answer =
  | {
      readonly action: string;
      readonly done: true;
      readonly incident: number;
      readonly version: number;
      /** All that it concerned, if it was an action on several. */
      readonly incidents?: readonly number[];
    }
  | { readonly action: string; readonly done: false; readonly code: 404 | 409 | 422; readonly reason: string; readonly incident?: number };

const KEPT = 1_000;

/** The answers to the latest actions: one that comes again is answered as before, and not carried out again. */
export class Answers {
  readonly #kept = new Map<string, Answer>();

  get(action: string): Answer | undefined {
    return this.#kept.get(action);
  }

  keep(answer: Answer): void {
    this.#kept.set(answer.action, answer);
    if (this.#kept.size <= KEPT) return;
    for (const oldest of this.#kept.keys()) {
      this.#kept.delete(oldest);
      return;
    }
  }

  all(): Answer[] {
    return [...this.#kept.values()];
  }
}
