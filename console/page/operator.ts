/** What the operator does: it changes the store, and asks the server. */
import type { ListedAlarm, SensorAnswer, WholeAlarm } from '../api/schemas.ts';
import { type Answer, callApi } from './api.ts';
import { isUnacknowledged } from './queue-order.ts';
import { keepAlarm, type Session, type Store } from './store.ts';

type ActionBody = { readonly note?: string; readonly disposition?: string };
type Refused = { readonly alarm?: WholeAlarm | null };

export class Operator {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  open(id: string): void {
    this.#store.update((state) => {
      if (state.opened !== id) {
        state.whole = undefined;
        state.actionProblem = undefined;
      }
      this.#forgetClosed(id);
      state.opened = id;
      state.selected = id;
    });
    history.replaceState(null, '', `#/alarms/${encodeURIComponent(id)}`);
    void this.refresh();
  }

  /** The alarm that is active at a sensor, else its newest: where the marker of a map leads. */
  async openSensor(id: string): Promise<void> {
    const { body, error } = await callApi<SensorAnswer>('GET', `/api/sensors/${encodeURIComponent(id)}`);
    const alarms = body?.alarms ?? [];
    const alarm = alarms.find(({ state }) => state.startsWith('ACTIVE')) ?? alarms[0];
    if (alarm) this.open(alarm.id);
    else
      this.#store.update((state) => {
        state.actionProblem = error ?? `sensor ${id} has had no alarm`;
      });
  }

  close(): void {
    this.#store.update((state) => {
      this.#forgetClosed(undefined);
      state.opened = undefined;
      state.whole = undefined;
      state.actionProblem = undefined;
    });
    history.replaceState(null, '', location.pathname);
  }

  select(id: string | undefined): void {
    this.#store.update((state) => {
      state.selected = id;
    });
  }

  /** The first that nobody has acknowledged yet. */
  openFirstNew(): void {
    const first = this.#store.sorted().find(isUnacknowledged);
    if (first) this.open(first.id);
  }

  /** Fetches the open alarm again: custody grows without the alarm changing. */
  async refresh(): Promise<void> {
    const id = this.#store.state.opened;
    if (id === undefined) return;
    const { status, body, error } = await callApi<WholeAlarm>('GET', `/api/alarms/${encodeURIComponent(id)}`);
    this.#store.update((state) => {
      if (state.opened !== id) return;
      if (status === 200 && body) this.#keepWhole(body);
      else if (!state.whole) state.actionProblem = error;
    });
  }

  acknowledge(id = this.#store.state.opened ?? this.#store.state.selected): Promise<boolean> {
    return this.#act(id, 'acknowledge', {});
  }

  async addNote(id: string): Promise<void> {
    const note = this.#store.state.drafts.get(id)?.trim();
    if (!note) return;
    if (await this.#act(id, 'note', { note })) this.#store.update(({ drafts }) => drafts.delete(id));
  }

  async setDisposition(id: string, disposition: string): Promise<void> {
    await this.#act(id, 'disposition', { disposition });
  }

  async signIn(token: string, name: string): Promise<boolean> {
    const { status, body, error } = await callApi<Session>('POST', '/api/session', { token, ...(name.trim() && { name: name.trim() }) });
    this.#store.update((state) => {
      state.session = status === 200 && body ? body : null;
      state.signInProblem = error;
    });
    return status === 200;
  }

  async #act(id: string | undefined, kind: string, body: ActionBody): Promise<boolean> {
    const { state } = this.#store;
    const alarm = id === undefined ? undefined : state.alarms.get(id);
    if (!alarm || !this.#store.mayAct) return false;
    if (kind === 'acknowledge' && !isUnacknowledged(alarm)) return false;
    this.#store.update((now) => {
      now.acting = true;
      now.actionProblem = undefined;
    });
    const answer = await this.#send(alarm, kind, body);
    this.#store.update((now) => {
      now.acting = false;
      if (answer.status === 200 && answer.body) this.#keepWhole(answer.body as WholeAlarm);
      else {
        now.actionProblem = answer.error;
        const current = (answer.body as Refused | undefined)?.alarm;
        if (current) this.#keepWhole(current);
      }
    });
    return answer.status === 200;
  }

  /** A refusal because the sensor was merely seen again is no news to the operator: the same wish goes out for the version it has now. */
  async #send(alarm: ListedAlarm, kind: string, body: ActionBody): Promise<Answer<WholeAlarm | Refused>> {
    const path = `/api/alarms/${encodeURIComponent(alarm.id)}/${kind}`;
    const answer = await callApi<WholeAlarm | Refused>('POST', path, { ...body, version: alarm.version });
    const current = answer.status === 409 ? (answer.body as Refused).alarm : undefined;
    if (!current || current.version === alarm.version || current.state !== alarm.state || current.disposition !== alarm.disposition)
      return answer;
    return callApi<WholeAlarm | Refused>('POST', path, { ...body, version: current.version });
  }

  #keepWhole(whole: WholeAlarm): void {
    const { state } = this.#store;
    const { evidence: _, custody: __, problems: ___, client, ...fields } = whole;
    const label = client
      ? { client: { name: `${client.name} ${client.surname}`, city: String(client.city), country: String(client.country) } }
      : {};
    const known = state.alarms.get(whole.id);
    keepAlarm(state, { ...fields, ...(known?.client ? { client: known.client } : label) });
    if (state.opened === whole.id && (state.whole?.id !== whole.id || state.whole.version <= whole.version)) state.whole = whole;
  }

  /** A closed alarm stays in the list only while it is open on the screen. */
  #forgetClosed(next: string | undefined): void {
    const { state } = this.#store;
    if (state.opened === undefined || state.opened === next || state.alarms.get(state.opened)?.state !== 'CLEARED_ACK') return;
    state.alarms.delete(state.opened);
    state.alarmsVersion += 1;
  }
}
