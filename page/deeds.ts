import type { ListedAlarm, WholeAlarm } from '../console/api/schemas.ts';
import { type Answer, callApi } from './api.ts';
import { type Deed, isSame, isUnderWay, type Wish } from './deed.ts';
import { newId } from './new-id.ts';
import { type State, keepAlarm, openedOf } from './state.ts';
import type { Store } from './store.ts';

/** What an operator's decision is based on. */
type Seen = Pick<ListedAlarm, 'version' | 'state' | 'disposition'>;
type Current = { readonly alarm?: WholeAlarm | null };
interface Outcome extends Current {
  readonly state: string;
  readonly reason?: string;
}

const ASK_EVERY_MS = [300, 700, 1_500, 3_000];
/** An action that the server hasn't known for this long will not arrive any more. */
const UNHEARD_MS = 12_000;

/** Sends the operator's actions, and asks until their outcome is known. */
export class Deeds {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  find(alarm: string, wish: Wish): Deed | undefined {
    return this.#store.state.deeds.find((deed) => deed.alarm === alarm && isSame(deed.wish, wish));
  }

  async perform(alarm: ListedAlarm, wish: Wish): Promise<void> {
    const before = this.find(alarm.id, wish);
    const about = `${this.#store.state.types.of(alarm.type).word}, sensor ${alarm.sensor}`;
    const deed: Deed = { id: newId(), alarm: alarm.id, about, wish, version: alarm.version, state: 'sending' };
    this.#forgetSettled(alarm.id);
    // The earlier one may have arrived after all: with the same id and the same version it can't be done twice.
    if (before && (before.state === 'unknown' || before.state === 'untaken')) await this.#repeat({ ...before, state: 'sending' });
    else await this.#send(deed, alarm);
  }

  dismiss(id: string): void {
    this.#store.update((state) => {
      state.deeds = state.deeds.filter((deed) => deed.id !== id || isUnderWay(deed));
    });
  }

  async #send(deed: Deed, seen: Seen): Promise<void> {
    const answer = await this.#post(deed);
    const current = answer.body?.alarm;
    if (answer.status !== 409 || !current || !isStillMeant(deed.wish, seen, current)) return this.#settle(deed, answer);
    // The refused action is settled; the same is sent again, as a new action on the alarm's present version.
    this.#drop(deed.id);
    return this.#send({ ...deed, id: newId(), version: current.version }, current);
  }

  async #repeat(deed: Deed): Promise<void> {
    await this.#settle(deed, await this.#post(deed));
  }

  async #post(deed: Deed): Promise<Answer<WholeAlarm & Current>> {
    this.#keep(deed);
    const { id, alarm, version } = deed;
    const { kind, ...wish } = deed.wish;
    const path = `/api/alarms/${encodeURIComponent(alarm)}/${kind}`;
    const answer = await callApi<WholeAlarm & Current>('POST', path, { ...wish, version, action: id });
    const current = answer.status === 409 ? answer.body?.alarm : undefined;
    if (current) this.#store.update((state) => keepWhole(state, current));
    return answer;
  }

  async #settle(deed: Deed, answer: Answer<WholeAlarm>): Promise<void> {
    if (answer.status === 200 && answer.body) this.#done(deed, answer.body);
    else if (answer.status === 503) this.#keep({ ...deed, state: 'untaken', reason: answer.error });
    else if (isRefused(answer)) this.#keep({ ...deed, state: 'refused', reason: answer.error });
    else await this.#ask(deed);
  }

  /** Asks the server until the outcome is known, or cannot be known. */
  async #ask(deed: Deed): Promise<void> {
    this.#keep({ ...deed, state: 'asking' });
    let unheardSince: number | undefined;
    for (let asked = 0; ; asked += 1) {
      await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS[Math.min(asked, ASK_EVERY_MS.length - 1)]));
      const { status, body } = await callApi<Outcome>('GET', `/api/actions/${encodeURIComponent(deed.id)}`);
      if (status === 200 && body?.state === 'done') return this.#done({ ...deed, state: 'asking' }, body.alarm ?? undefined);
      if (status === 200 && body?.state === 'refused') return this.#keep({ ...deed, state: 'refused', reason: body.reason });
      if (status === 401 || status === 403) return this.#keep({ ...deed, state: 'unknown' });
      if (status === 404 || (status === 200 && body?.state === 'unknown')) {
        unheardSince ??= Date.now();
        if (Date.now() - unheardSince >= UNHEARD_MS) return this.#keep({ ...deed, state: 'unknown' });
      } else unheardSince = undefined;
    }
  }

  #done(deed: Deed, alarm: WholeAlarm | undefined): void {
    this.#store.update((state) => {
      if (alarm && typeof alarm === 'object') keepWhole(state, alarm);
      if (deed.wish.kind === 'note') takeFromDraft(state.drafts, deed.alarm, deed.wish.note);
    });
    // Kept on the screen only if the outcome was in doubt.
    if (deed.state === 'asking') this.#keep({ ...deed, state: 'done' });
    else this.#drop(deed.id);
  }

  #keep(deed: Deed): void {
    this.#store.update((state) => {
      const at = state.deeds.findIndex(({ id }) => id === deed.id);
      state.deeds = at < 0 ? [...state.deeds, deed] : state.deeds.with(at, deed);
    });
  }

  #drop(id: string): void {
    this.#store.update((state) => {
      state.deeds = state.deeds.filter((deed) => deed.id !== id);
    });
  }

  #forgetSettled(alarm: string): void {
    this.#store.update((state) => {
      state.deeds = state.deeds.filter((deed) => deed.alarm !== alarm || isUnderWay(deed));
    });
  }
}

/** Removes what was sent from the draft; what was typed meanwhile stays. */
function takeFromDraft(drafts: Map<string, string>, alarm: string, sent: string): void {
  const draft = (drafts.get(alarm) ?? '').trimStart();
  if (!draft.startsWith(sent)) return;
  const rest = draft.slice(sent.length).trimStart();
  if (rest === '') drafts.delete(alarm);
  else drafts.set(alarm, rest);
}

/** Whether the operator still means it for the alarm's present version: always for a note, otherwise if state and disposition are unchanged. */
function isStillMeant({ kind }: Wish, seen: Seen, current: Seen): boolean {
  if (current.version === seen.version) return false;
  return kind === 'note' || (current.state === seen.state && current.disposition === seen.disposition);
}

const isRefused = ({ status }: Answer<unknown>): boolean => status >= 400 && status < 500 && status !== 408;

export function keepWhole(state: State, whole: WholeAlarm): void {
  const { evidence: _, custody: __, problems: ___, client, ...fields } = whole;
  const label = client
    ? { client: { name: `${client.name} ${client.surname}`, city: String(client.city), country: String(client.country) } }
    : {};
  const known = state.alarms.get(whole.id);
  keepAlarm(state, { ...fields, ...(known?.client ? { client: known.client } : label) });
  if (openedOf(state) === whole.id && (state.whole?.id !== whole.id || state.whole.version <= whole.version)) state.whole = whole;
}
