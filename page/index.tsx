import { render } from 'preact';
import './style.css';
import { callApi } from './api.ts';
import { Announcements } from './announcements.ts';
import { App } from './app.tsx';
import { watchFocus } from './focus.ts';
import { IncidentWork } from './incident-work.ts';
import { Highlight } from './highlight.ts';
import { KeyGuard } from './key-guard.ts';
import { Keys } from './keys.ts';
import { LiveLink } from './live-link.ts';
import { Operator } from './operator.ts';
import { readPlaces } from './places.ts';
import { total } from './open-counts.ts';
import type { TypeAnswer } from '../console/api/schemas.ts';
import { type MinuteCount, openedOf, type Session } from './state.ts';
import { Store } from './store.ts';
import { troubleOf } from './trouble.ts';
import { KnownTypes } from './types.ts';
import { UnlistedAlarms } from './unlisted-alarms.ts';

const COUNTS_EVERY_MS = 10_000;
const REFRESH_EVERY_MS = 3_000;

const store = new Store();
const operator = new Operator(store);
const incidentWork = new IncidentWork(store);
const announcements = new Announcements(store);
const guard = new KeyGuard();
const highlight = new Highlight();
const unlisted = new UnlistedAlarms(store);
const root = document.getElementById('app') as HTMLElement;
/** Delay before the next attempt if the server didn't answer. */
const ASK_AGAIN_MS = 2_000;
let placesHash: string | undefined;
let askingForTypes = false;
let openedVersion: string | undefined;
/** The alarm or the sensor in the address with which the page was opened; it may have to wait for the sign-in. */
let wanted = /^#\/(alarms|sensors)\/(.+)$/.exec(location.hash);

const link = new LiveLink(
  store,
  ({ event, alarm }) => {
    if (event === 'raised') announcements.raised(alarm);
  },
  () => void operator.refresh(),
  () => void askWhoThisIs(),
  () => incidentWork.refreshSoon(),
);

function draw(): void {
  render(<App store={store} operator={operator} incidentWork={incidentWork} onSignOut={() => void signOut()} />, root);
  highlight.drawn(store.state.current, performance.now());
  const title = titleOf();
  if (document.title !== title) document.title = title;
}

function titleOf(): string {
  const unacknowledged = store.open()?.unacknowledged;
  const known = unacknowledged && total(unacknowledged);
  const trouble = store.state.session ? troubleOf(store.state, store.now()) : undefined;
  return `${known === 0 || !store.state.session ? '' : `(${known ?? '?'}) `}Tocsin${trouble ? ` - ${trouble.title}` : ''}`;
}

/** Fetches what a change requires. */
function follow(): void {
  const { session, vitals, types, alarms } = store.state;
  const opened = openedOf(store.state);
  if (!session) return;
  void link.run();
  if (!types.areKnown && !askingForTypes) void fetchTypes();
  const [, what, id = ''] = wanted ?? [];
  wanted = null;
  if (what === 'alarms') operator.open(decodeURIComponent(id));
  if (what === 'sensors') void operator.openAlarmOf(decodeURIComponent(id));
  if (vitals?.places && vitals.places.hash !== placesHash) void fetchPlaces(vitals.places.hash);
  const version = opened === undefined ? undefined : `${opened} ${alarms.get(opened)?.version}`;
  if (version !== openedVersion && version !== undefined) operator.refreshSoon();
  openedVersion = version;
  void unlisted.fetchWhereRoom();
}

/** For a window whose stream is refused; otherwise the types come with the snapshot. */
async function fetchTypes(): Promise<void> {
  askingForTypes = true;
  const { status, body } = await callApi<{ types: readonly TypeAnswer[] }>('GET', '/api/types');
  askingForTypes = false;
  if (status === 200 && body && !store.state.types.areKnown) store.set({ types: new KnownTypes(body.types) });
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
  store.set({ counts: status === 200 && body ? body.counts : undefined });
}

async function signOut(): Promise<void> {
  link.stop();
  await callApi('DELETE', '/api/session');
  location.assign('/');
}

/** Handles a link that is pasted into an open window, which changes only the part after the #. */
function takeLink(): void {
  if (!location.hash.startsWith('#token=')) return;
  if (store.state.session) history.replaceState(null, '', '/');
  else void start();
}

async function start(): Promise<void> {
  const token = new URLSearchParams(location.hash.slice(1)).get('token');
  if (token !== null) history.replaceState(null, '', '/');
  if (token === null || !(await operator.signIn({ token }))) await askWhoThisIs();
  await fetchCounts();
}

/** Asks the server who is signed in or, if nobody is, how to sign in. */
async function askWhoThisIs(): Promise<void> {
  const { status, body } = await callApi<Session & { signIn?: 'password' | 'token' }>('GET', '/api/session');
  store.set({ session: status === 200 && body ? body : null, signInBy: body?.signIn ?? store.state.signInBy });
  if (!store.state.session && store.state.signInBy === undefined) setTimeout(() => void askWhoThisIs(), ASK_AGAIN_MS);
}

store.subscribe(draw);
store.subscribe(follow);
new Keys(store, operator, guard, highlight).listen();
watchFocus(guard);
setInterval(() => store.update(() => undefined), 1_000);
// One timer, so that everything blinks in phase.
setInterval(() => document.documentElement.classList.toggle('blink'), 500);
setInterval(() => void fetchCounts(), COUNTS_EVERY_MS);
setInterval(() => void operator.refresh(), REFRESH_EVERY_MS);
addEventListener('hashchange', takeLink);
void start();
