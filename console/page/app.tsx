import type { ListedAlarm } from '../api/schemas.ts';
import { AlarmPanel } from './alarm-panel.tsx';
import { Counts } from './counts.tsx';
import { Header, isSilent, rateWords } from './header.tsx';
import { Help } from './help.tsx';
import type { Operator } from './operator.ts';
import { Queue } from './queue.tsx';
import { isUnacknowledged } from './queue-order.ts';
import { SignIn } from './sign-in.tsx';
import type { State, Store } from './store.ts';
import { clockTime, count } from './time.ts';
import { WorldMap } from './world-map.tsx';

interface Props {
  readonly store: Store;
  readonly operator: Operator;
  readonly sorted: readonly ListedAlarm[];
  readonly onSignOut: () => void;
}

export function App({ store, operator, sorted, onSignOut }: Props) {
  const { state } = store;
  if (state.session === undefined) return <main class="sign-in" aria-busy="true" />;
  if (state.session === null) return <SignIn operator={operator} problem={state.signInProblem} />;
  const now = store.now();
  const { opened } = state;
  const open = (id: string): void => operator.open(id);
  return (
    <div class={`console ${state.link.state} ${opened === undefined ? '' : 'with-panel'}`}>
      <Header state={state} alarms={sorted} now={now} onHelp={() => store.set({ help: true })} onSignOut={onSignOut} />
      <StaleBanner state={state} now={now} />
      <main>
        <section class="queue" aria-label="Queue">
          <QueueHead state={state} sorted={sorted} />
          {sorted.length === 0 ? (
            <Empty state={state} />
          ) : (
            <Queue sorted={sorted} selected={state.selected} opened={opened} now={now} onOpen={open} />
          )}
        </section>
        <WorldMap places={state.places} alarms={sorted} opened={opened} onOpen={open} />
        <Counts counts={state.counts} now={now} />
        {opened !== undefined && <AlarmPanel store={store} operator={operator} alarm={state.alarms.get(opened)} now={now} />}
      </main>
      <div class="unseen">
        <div aria-live="assertive">{state.announced.urgent}</div>
        <div aria-live="polite">{state.announced.rest}</div>
      </div>
      {state.help && (
        <Help
          singleKeys={state.singleKeys}
          onSingleKeys={(singleKeys) => store.set({ singleKeys })}
          onClose={() => store.set({ help: false })}
        />
      )}
    </div>
  );
}

function QueueHead({ state, sorted }: { state: State; sorted: readonly ListedAlarm[] }) {
  return (
    <div class="queue-head">
      <h2>Queue</h2>
      <span>
        {count(sorted.filter(isUnacknowledged).length)} new, {count(sorted.length)} open
      </span>
      {state.actionProblem && state.opened === undefined && (
        <span class="problem" role="alert">
          {state.actionProblem}
        </span>
      )}
    </div>
  );
}

function StaleBanner({ state, now }: { state: State; now: number }) {
  if (state.link.state !== 'stale') return null;
  const seconds = Math.round((Date.now() - state.lastByteAt) / 1_000);
  return (
    <p class="banner" role="alert">
      LINK LOST. What you see is of <b>{clockTime(state.lastByteAt + state.clockOffset, now)}</b>, {seconds} s old: {state.link.reason}.
      Nothing can be done from here until it is back; trying again.
    </p>
  );
}

/** An empty queue proves itself. */
function Empty({ state }: { state: State }) {
  const { vitals } = state;
  if (!vitals) return <p class="empty">Connecting…</p>;
  if (vitals.places?.count === 0)
    return (
      <div class="empty">
        <p>
          <b>No alarms, and no clients yet.</b>
        </p>
        <p>Load sample clients, on land and all over the world:</p>
        <code>npm run clients -- generate 50000 --import</code>
        <p class="dim">or your own from CSV files: npm run clients -- import FILE…</p>
        <p class="dim">{rateWords(state)}</p>
      </div>
    );
  return (
    <div class="empty">
      <p>
        <b>No alarms.</b>
      </p>
      {isSilent(vitals) && (
        <p class="problem">But no status comes in either: nothing would be noticed. Look at the proxy, and at the sensors.</p>
      )}
      <p>{rateWords(state)}</p>
      <p class="dim">{vitals.places ? `watching ${count(vitals.places.count)} sensors` : 'the places of the sensors are not known yet'}</p>
    </div>
  );
}
