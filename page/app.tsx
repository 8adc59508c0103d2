import { AlarmPanel } from './alarm-panel.tsx';
import { BulkList } from './bulk-list.tsx';
import { Counts } from './counts.tsx';
import { DeedList } from './deed-list.tsx';
import { Empty } from './empty.tsx';
import { Header } from './header.tsx';
import { Help } from './help.tsx';
import type { IncidentWork } from './incident-work.ts';
import { IncidentsDialog } from './incidents-dialog.tsx';
import type { Operator } from './operator.ts';
import { PeopleDialog } from './people-dialog.tsx';
import { Queue } from './queue.tsx';
import { QueueHead } from './queue-head.tsx';
import { SensorLists } from './sensor-lists.tsx';
import { SensorPanel } from './sensor-panel.tsx';
import { SeveralDialog } from './several-dialog.tsx';
import { SignIn } from './sign-in.tsx';
import { StatusLine } from './status-line.tsx';
import { isOver } from '../alarm/lifecycle.ts';
import { may, openedOf } from './state.ts';
import type { Store } from './store.ts';
import { count } from './time.ts';
import { WorldMap } from './world-map.tsx';

interface Props {
  readonly store: Store;
  readonly operator: Operator;
  readonly incidentWork: IncidentWork;
  readonly onSignOut: () => void;
}

export function App({ store, operator, incidentWork, onSignOut }: Props) {
  const { state } = store;
  if (state.session === undefined) return <main class="sign-in" aria-busy="true" />;
  if (state.session === null) return <SignIn operator={operator} by={state.signInBy ?? 'token'} problem={state.signInProblem} />;
  const now = store.now();
  const opened = openedOf(state);
  return (
    <div class={`console ${state.link.state} ${state.panel === 'none' ? '' : 'with-panel'}`}>
      <Header
        state={state}
        open={store.open()}
        now={now}
        onHelp={() => store.set({ help: true })}
        onIncidents={() => incidentWork.show()}
        onPeople={may(state.session, 'sessions') ? () => store.set({ people: true }) : undefined}
        onSignOut={onSignOut}
      />
      <StatusLine state={state} now={now} />
      <main>
        <QueueSection store={store} operator={operator} />
        <WorldMap
          store={store}
          alarms={store.sorted()}
          types={state.types}
          sensorsVersion={state.sensorsVersion}
          opened={opened}
          onOpen={(id) => operator.open(id)}
          onOpenSensor={(id) => void operator.openSensor(String(id))}
        />
        <Counts types={state.types} counts={state.counts} now={now} />
        {opened !== undefined && <AlarmPanel store={store} operator={operator} id={opened} now={now} />}
        {state.panel === 'sensor' && <SensorPanel state={state} operator={operator} now={now} />}
      </main>
      <Messages store={store} operator={operator} />
      <div class="unseen">
        <div aria-live="assertive">{state.announced.urgent}</div>
        <div aria-live="polite">{state.announced.rest}</div>
      </div>
      {state.several && (
        <SeveralDialog
          several={state.several}
          types={state.types}
          mayAct={store.mayAct}
          now={now}
          onAcknowledge={(alarms) => operator.acknowledgeSeveral(alarms)}
          onClose={() => store.set({ several: undefined })}
        />
      )}
      {state.incidents && <IncidentsDialog store={store} work={incidentWork} shown={state.incidents} now={now} />}
      {state.people && <PeopleDialog now={now} seesAudit={may(state.session, 'audit')} onClose={() => store.set({ people: false })} />}
      {state.help && (
        <Help
          types={state.types}
          singleKeys={state.singleKeys}
          onSingleKeys={(singleKeys) => store.set({ singleKeys })}
          onClose={() => store.set({ help: false })}
        />
      )}
    </div>
  );
}

function QueueSection({ store, operator }: { store: Store; operator: Operator }) {
  const { state } = store;
  const alarms = store.shown();
  const quarantined = store.sorted().filter((alarm) => alarm.quarantined && !isOver(alarm)).length;
  const now = store.now();
  return (
    <section class="queue" aria-label="Queue" tabIndex={-1}>
      <QueueHead
        types={state.types}
        open={store.open()}
        unlisted={state.unlisted}
        beyond={state.vitals?.beyond ?? 0}
        damaged={state.vitals?.damaged ?? 0}
        quarantined={quarantined}
        hidesQuarantined={state.hidesQuarantined}
        onHideQuarantined={(hides) => operator.hideQuarantined(hides)}
        onSeveral={may(state.session, 'acknowledge') ? () => operator.askAboutSeveral() : undefined}
      />
      {alarms.length === 0 ? (
        <Empty state={state} hidden={state.hidesQuarantined ? quarantined : 0} now={now} />
      ) : (
        <Queue
          types={state.types}
          alarms={alarms}
          current={state.current}
          opened={openedOf(state)}
          held={state.held}
          reveals={state.reveals}
          now={now}
          onOpen={(id) => operator.open(id)}
          onHold={(held) => state.held !== held && store.set({ held })}
          onFirst={() => operator.goToFirst()}
        />
      )}
      <SensorLists
        types={state.types}
        faults={state.faults}
        faulty={state.faulty}
        placesHash={state.vitals?.places?.hash}
        now={now}
        onOpen={(sensor) => void operator.openSensor(sensor)}
      />
    </section>
  );
}

/** Few, since more would cover the alarms. */
const DEEDS_SHOWN = 4;

/** Messages that the operator must see whichever alarm is open. */
function Messages({ store, operator }: { store: Store; operator: Operator }) {
  const { state } = store;
  const opened = openedOf(state);
  const notice = state.notice && state.notice.until > Date.now() ? state.notice.text : undefined;
  const deeds = state.deeds.filter(({ alarm }) => alarm !== opened);
  return (
    <div class="messages">
      {deeds.length > DEEDS_SHOWN && <p class="notice">{count(deeds.length - DEEDS_SHOWN)} earlier messages are not shown</p>}
      <DeedList deeds={deeds.slice(-DEEDS_SHOWN)} named onDismiss={(deed) => operator.dismiss(deed)} />
      <BulkList
        bulks={state.bulks}
        mayAct={store.mayAct}
        onRepeat={(bulk) => operator.repeatBulk(bulk)}
        onDismiss={(bulk) => operator.dismissBulk(bulk)}
      />
      <p class="notice" role="status">
        {notice}
      </p>
    </div>
  );
}
