/** The operator's actions: they change the store and call the server. */
import { isActive, isOver, isUnacknowledged } from '../alarm/lifecycle.ts';
import type { ListedAlarm, SensorAnswer, WholeAlarm } from '../console/api/schemas.ts';
import { callApi } from './api.ts';
import { Bulks } from './bulks.ts';
import { isUnderWay, type Wish } from './deed.ts';
import { Deeds, keepWhole } from './deeds.ts';
import { isInView } from './queue.tsx';
import { severalOf } from './several.ts';
import { may, openedOf, type Session } from './state.ts';
import type { Store } from './store.ts';

/** So that not every alarm is fetched while somebody moves through the list with a key held down. */
const PAUSE_MS = 120;

export type Credentials = { readonly name?: string } & ({ readonly token: string } | { readonly password: string });

export class Operator {
  readonly #store: Store;
  readonly #deeds: Deeds;
  readonly #bulks: Bulks;
  #refreshing: ReturnType<typeof setTimeout> | undefined;
  #refreshedAt = 0;

  constructor(store: Store) {
    this.#store = store;
    this.#deeds = new Deeds(store);
    this.#bulks = new Bulks(store);
  }

  open(id: string): void {
    this.#choose(id, 'alarm');
  }

  /** Highlights an alarm; an open panel shows it. */
  select(id: string | undefined): void {
    const { panel } = this.#store.state;
    this.#choose(id, panel === 'sensor' ? 'none' : panel);
  }

  /** Selects the most urgent alarm, and lets the list move again. */
  goToFirst(): void {
    this.#store.set({ held: undefined });
    this.select(this.#store.shown()[0]?.id);
  }

  /** Whether the list leaves quarantined alarms out. One that is highlighted there is so no more, so that no key acts on it unseen. */
  hideQuarantined(hides: boolean): void {
    const { current, panel, alarms } = this.#store.state;
    const isHidden = hides && panel === 'none' && current !== undefined && alarms.get(current)?.quarantined === true;
    this.#store.set({ hidesQuarantined: hides, held: undefined, ...(isHidden && { current: undefined }) });
  }

  /** Opens the first alarm that is unacknowledged and is not being acknowledged from here. */
  openFirstNew(): void {
    const { deeds, link } = this.#store.state;
    const isTaken = ({ id }: ListedAlarm): boolean =>
      deeds.some((deed) => deed.alarm === id && deed.wish.kind === 'acknowledge' && isUnderWay(deed));
    const first = this.#store.shown().find((alarm) => isUnacknowledged(alarm) && !isTaken(alarm));
    if (first) this.open(first.id);
    else
      this.#store.say(
        link.state === 'live' ? 'There is no new alarm in the list.' : 'No new alarm is known, but there is no link to the server.',
      );
  }

  /** For links: opens the active alarm of a sensor; if there is none its newest one; if it has none the sensor. */
  async openAlarmOf(sensor: string): Promise<void> {
    const { current, panel } = this.#store.state;
    const { body, error } = await fetchSensor(sensor);
    // Not if the operator has opened something else meanwhile.
    if (this.#store.state.current !== current || this.#store.state.panel !== panel) return;
    const alarm = body?.alarms.find(isActive) ?? body?.alarms[0];
    if (alarm) this.open(alarm.id);
    else this.#showSensor(sensor, body, error);
  }

  async openSensor(id: string): Promise<void> {
    this.#showSensor(id, undefined, undefined);
    const { body, error } = await fetchSensor(id);
    if (this.#store.state.panel === 'sensor' && this.#store.state.sensor?.id === id) this.#showSensor(id, body, error);
  }

  close(): void {
    const { panel, current } = this.#store.state;
    if (panel === 'none') return;
    this.#choose(current, 'none');
    history.replaceState(null, '', location.pathname);
  }

  /** Call it when the open alarm has changed, or another one is open. */
  refreshSoon(): void {
    const pause = Math.max(0, this.#refreshedAt + PAUSE_MS - performance.now());
    this.#refreshing ??= setTimeout(() => {
      this.#refreshing = undefined;
      void this.refresh();
    }, pause);
  }

  /** Fetches the open alarm again, also when it hasn't changed, because its custody grows. */
  async refresh(): Promise<void> {
    const id = openedOf(this.#store.state);
    if (id === undefined) return;
    this.#refreshedAt = performance.now();
    const hash = `#/alarms/${encodeURIComponent(id)}`;
    if (location.hash !== hash) history.replaceState(null, '', hash);
    const { status, body, error } = await callApi<WholeAlarm>('GET', `/api/alarms/${encodeURIComponent(id)}`);
    this.#store.update((state) => {
      if (openedOf(state) !== id) return;
      state.panelProblem = state.whole || status === 200 ? undefined : error;
      if (status === 200 && body) keepWhole(state, body);
    });
  }

  acknowledge(id: string): void {
    const alarm = this.#alarm(id);
    if (alarm && isOver(alarm)) this.#store.say('This alarm has ended: there is nothing to acknowledge.');
    else if (alarm && !isUnacknowledged(alarm)) this.#store.say(`It is already acknowledged, by ${alarm.acknowledgedBy ?? 'somebody'}.`);
    else this.#act(alarm, { kind: 'acknowledge' });
  }

  /** Opens the dialog about the new alarms that are on the screen or in the list now, or says why not. */
  askAboutSeveral(): void {
    const several = severalOf(this.#store.shown(), isInView);
    if (this.#bulks.underWay) this.#store.say('That is already under way.');
    else if (several.listed.length === 0) this.#store.say('There is no new alarm in the list.');
    else if (this.#mayAct()) this.#store.set({ several, notice: undefined });
  }

  acknowledgeSeveral(alarms: readonly ListedAlarm[]): void {
    this.#store.set({ several: undefined });
    if (this.#mayAct()) void this.#bulks.acknowledge(alarms);
  }

  repeatBulk(bulk: string): void {
    if (this.#mayAct()) void this.#bulks.repeat(bulk);
  }

  dismissBulk(bulk: string): void {
    this.#bulks.dismiss(bulk);
  }

  addNote(id: string): void {
    const note = this.#store.state.drafts.get(id)?.trim();
    if (note) this.#act(this.#alarm(id), { kind: 'note', note });
  }

  setDisposition(id: string, disposition: string): void {
    this.#act(this.#alarm(id), { kind: 'disposition', disposition });
  }

  dismiss(deed: string): void {
    this.#deeds.dismiss(deed);
  }

  async signIn({ name, ...secret }: Credentials): Promise<boolean> {
    const { status, body, error } = await callApi<Session>('POST', '/api/session', {
      ...secret,
      ...(name?.trim() && { name: name.trim() }),
    });
    this.#store.update((state) => {
      state.session = status === 200 && body ? body : null;
      state.signInProblem = error;
    });
    return status === 200;
  }

  /** Performs the action, or says why not, so that no key press is silently ignored. */
  #act(alarm: ListedAlarm | undefined, wish: Wish): void {
    if (!alarm) this.#store.say('This alarm is not known yet: nothing was done.');
    else if (this.#mayAct()) {
      const before = this.#deeds.find(alarm.id, wish);
      if (before && isUnderWay(before)) this.#store.say('That is already under way.');
      else {
        this.#store.set({ notice: undefined });
        void this.#deeds.perform(alarm, wish);
      }
    }
  }

  /** Whether the operator may act; says why not. */
  #mayAct(): boolean {
    const { link, session } = this.#store.state;
    if (!may(session, 'acknowledge')) this.#store.say('Viewers can only look: nothing was done.');
    else if (link.state !== 'live') this.#store.say('There is no link to the server: nothing was done.');
    return this.#store.mayAct;
  }

  #alarm(id: string): ListedAlarm | undefined {
    const { alarms, whole } = this.#store.state;
    const listed = alarms.get(id);
    return listed ?? (whole?.id === id ? listedOf(whole) : undefined);
  }

  #choose(id: string | undefined, panel: 'none' | 'alarm'): void {
    this.#store.update((state) => {
      if (openedOf(state) !== id || panel === 'none') {
        state.whole = undefined;
        state.panelProblem = undefined;
      }
      if (panel === 'none') state.deeds = state.deeds.filter((deed) => deed.alarm !== state.current || deed.state !== 'done');
      state.sensor = undefined;
      state.current = id;
      state.panel = id === undefined ? 'none' : panel;
      state.reveals += 1;
    });
  }

  /** No alarm is highlighted meanwhile, so that keys act on nothing. */
  #showSensor(id: string, answer: SensorAnswer | undefined, problem: string | undefined): void {
    this.#store.update((state) => {
      state.current = undefined;
      state.panel = 'sensor';
      state.whole = undefined;
      state.sensor = { id, answer, problem };
    });
    history.replaceState(null, '', `#/sensors/${encodeURIComponent(id)}`);
  }
}

async function fetchSensor(id: string) {
  const answer = await callApi<SensorAnswer>('GET', `/api/sensors/${encodeURIComponent(id)}`);
  return answer.status === 200 ? answer : { ...answer, body: undefined };
}

function listedOf({ evidence: _, custody: __, problems: ___, client: ____, ...fields }: WholeAlarm): ListedAlarm {
  return fields;
}
