import { render } from 'preact';
import './style.css';
import { callApi } from './api.ts';
import { Announcements } from './announcements.ts';
import { App } from './app.tsx';
import { listenForKeys } from './keys.ts';
import { LiveLink } from './live-link.ts';
import { Operator } from './operator.ts';
import { readPlaces } from './places.ts';
import { isUnacknowledged } from './queue-order.ts';
import { type MinuteCount, type Session, Store } from './store.ts';

const COUNTS_EVERY_MS = 10_000;
const REFRESH_EVERY_MS = 3_000;

const store = new Store();
const operator = new Operator(store);
const announcements = new Announcements(store);
const root = document.getElementById('app') as HTMLElement;
let placesHash: string | undefined;
let openedVersion: string | undefined;
/** The alarm or the sensor of the address that the page was opened with; it may have to wait for the sign-in. */
let wanted = /^#\/(alarms|sensors)\/(.+)$/.exec(location.hash);

const link = new LiveLink(
  store,
  ({ event, alarm }) => {
    if (event === 'raised') announcements.raised(alarm);
  },
  () => store.set({ session: null }),
);

function draw(): void {
  const alarms = store.sorted();
  render(<App store={store} operator={operator} sorted={alarms} onSignOut={() => void signOut()} />, root);
  const unacknowledged = alarms.filter(isUnacknowledged).length;
  const title = `${unacknowledged > 0 ? `(${unacknowledged}) ` : ''}Tocsin${store.state.link.state === 'stale' ? ' - LINK LOST' : ''}`;
  if (document.title !== title) document.title = title;
}

/** What follows from a change: other things to fetch. */
function follow(): void {
  const { session, vitals, opened, alarms } = store.state;
  if (!session) return;
  void link.run();
  const [, what, id = ''] = wanted ?? [];
  wanted = null;
  if (what === 'alarms') operator.open(decodeURIComponent(id));
  if (what === 'sensors') void operator.openSensor(decodeURIComponent(id));
  if (vitals?.places && vitals.places.hash !== placesHash) void fetchPlaces(vitals.places.hash);
  const version = opened === undefined ? undefined : `${opened} ${alarms.get(opened)?.version}`;
  if (version !== openedVersion && version !== undefined) void operator.refresh();
  openedVersion = version;
}

async function fetchPlaces(hash: string): Promise<void> {
  placesHash = hash;
  try {
    const response = await fetch(`/api/places/${hash}`);
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    const places = readPlaces(await response.arrayBuffer());
    store.set({ places });
  } catch {
    // The next beat tries again.
    placesHash = undefined;
  }
}

async function fetchCounts(): Promise<void> {
  if (!store.state.session) return;
  const { status, body } = await callApi<{ counts: readonly MinuteCount[] }>('GET', '/api/counts');
  if (status === 200 && body) store.set({ counts: body.counts });
}

async function signOut(): Promise<void> {
  link.stop();
  await callApi('DELETE', '/api/session');
  location.assign('/');
}

async function start(): Promise<void> {
  const token = new URLSearchParams(location.hash.slice(1)).get('token');
  if (token !== null) history.replaceState(null, '', '/');
  if (token === null || !(await operator.signIn(token, ''))) {
    const { status, body } = await callApi<Session>('GET', '/api/session');
    store.set({ session: status === 200 && body ? body : null });
  }
  await fetchCounts();
}

store.subscribe(draw);
store.subscribe(follow);
listenForKeys(store, operator);
setInterval(() => store.update(() => undefined), 1_000);
// All blinking in one phase.
setInterval(() => document.documentElement.classList.toggle('blink'), 500);
setInterval(() => void fetchCounts(), COUNTS_EVERY_MS);
setInterval(() => void operator.refresh(), REFRESH_EVERY_MS);
void start();
