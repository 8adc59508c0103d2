import type { AlarmEvent } from '../../alarm/alarm.ts';
import type { TypeSet } from '../../alarm/type-set.ts';
import type { From, MessageLog } from '../../message-log/port.ts';
import type { Archive } from '../../archive/port.ts';
import type { Directory } from '../../directory/port.ts';
import { afterStart } from '../../runtime/after-start.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Health } from '../../runtime/health.ts';
import type { Running } from '../../runtime/lifecycle.ts';
import type { Logger } from '../../runtime/logging.ts';
import { orStopped } from '../../runtime/or-stopped.ts';
import { type IncidentTopics, IncidentView } from '../incidents/incident-view.ts';
import { iso, listedJson } from '../api/alarm-json.ts';
import { Actions } from './actions.ts';
import { archivedPositions, followAlarms } from './alarm-follower.ts';
import { AlarmBound } from './alarm-bound.ts';
import { AlarmNews, type News } from './alarm-news.ts';
import { beginWithRetries, loadOpen } from './beginning.ts';
import { DamagedAlarms } from './damaged-alarms.ts';
import { ClientLookup } from './client-lookup.ts';
import { DetectionWatch } from './detection-watch.ts';
import { FaultView } from './fault-view.ts';
import type { FaultySensors } from './faulty-sensors.ts';
import { LogPulse } from './log-pulse.ts';
import { OpenAlarms } from './open-alarms.ts';
import type { PlacesFile } from './places.ts';
import { PlacesKeeper } from './places-keeper.ts';
import { SensorChanges } from './sensor-changes.ts';
import { faultsShown, snapshotOf } from './snapshot.ts';
import { LiveStream, STREAM_SETTINGS, type StreamEvent } from './stream.ts';
import type { Follower } from './topic-follower.ts';

export interface LiveDeps {
  readonly log: MessageLog;
  readonly archive: Archive;
  readonly directory: Directory;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly health: Health;
  readonly archiveGroup: string;
  readonly types: TypeSet;
  /** Resolves once this process would raise and mail a fire: the open alarms are read only then. Undefined: at once. */
  readonly fireReady?: Promise<void> | undefined;
  /** Undefined: no incidents are kept. */
  readonly incidentTopics?: IncidentTopics | undefined;
}

/** The current state: the open alarms, kept up to date from the log, and the stream that publishes them. */
export interface LiveView extends Running {
  readonly alarms: OpenAlarms;
  /** Open alarms that are missing from `alarms`, since the archive can't read them. */
  readonly damaged: DamagedAlarms;
  readonly stream: LiveStream;
  readonly actions: Actions;
  readonly pulse: LogPulse;
  /** Undefined until everything that was in the log at the start has been read. */
  readonly faults: FaultySensors | undefined;
  readonly incidents: IncidentView;
  /** Why it isn't known which alarms are open. While it is set, the API answers 503 rather than something wrong. */
  readonly problem: string | undefined;
  /** Resolves after the first attempt to read the open alarms, whatever its outcome; rejects if trying again can't help. */
  readonly begun: Promise<void>;
  /** Undefined until the directory has been read. */
  places(): PlacesFile | undefined;
}

const CHANGES_EVERY_MS = 100;
const BEAT_EVERY_MS = 3_000;
const LOOK_EVERY_MS = 1_000;
const PLACES_EVERY_MS = 10_000;

export interface LiveLimits {
  readonly streamsMax: number;
  /** Open alarms that are listed; others are counted. */
  readonly alarmsMax: number;
}

export function startLiveView(deps: LiveDeps, { streamsMax, alarmsMax }: LiveLimits, sessionClock: Clock): LiveView {
  const alarms = new OpenAlarms(deps.types, alarmsMax);
  const damaged = new DamagedAlarms(deps);
  const bound = new AlarmBound(alarms, deps);
  const actions = new Actions();
  const pulse = new LogPulse(deps.log, deps.clock);
  const places = new PlacesKeeper(deps);
  const detection = new DetectionWatch(deps);
  const changes = new SensorChanges();
  const faults = new FaultView(deps, {
    known: () => stream.publish([{ event: 'faults', data: () => faultsShown(faults.sensors) }]),
    changed: (sensor) => changes.ofFaults.add(sensor),
  });
  const incidents = new IncidentView(deps.incidentTopics, deps, {
    changed: ({ id, version }) => stream.publish([{ event: 'incident', data: () => ({ id, version }) }]),
    operators: () => stream.operators(),
  });
  const stream = new LiveStream({ ...STREAM_SETTINGS, streamsMax }, sessionClock, (sight) => ({
    ...snapshotOf(alarms, sight),
    ...vitals(),
    faults: faultsShown(faults.sensors),
  }));
  const vitals = () => vitalsOf({ alarms, damaged, pulse, places, faults, incidents }, deps.clock());

  const publish = (all: readonly News[]): void => {
    for (const { live } of all) changes.ofState.add(live.alarm.sensor);
    stream.publish(all.map(streamEventOf));
  };
  const lookup = new ClientLookup(deps.directory, deps.health, (client) => {
    const label = { name: `${client.name} ${client.surname}`.trim(), city: client.city, country: client.country };
    publish(alarms.complete(client.id, client, label).map((live) => ({ event: 'located', at: deps.clock(), live })));
  });
  const news = new AlarmNews(alarms, actions, lookup, publish);
  const take = (events: readonly AlarmEvent[]): void => {
    news.take(events);
    damaged.heard(events);
  };

  const stopping = new AbortController();
  let follower: Follower | undefined;
  let from: From[] | undefined;
  const begin = async (): Promise<void> => {
    await orStopped(deps.fireReady ?? Promise.resolve(), stopping.signal);
    // Positions before alarms, and those of the first attempt, so that whatever the archive stores meanwhile is read from the log again.
    from ??= await archivedPositions(deps.log, deps.archiveGroup);
    await loadOpen(deps.archive, alarms, damaged, stopping.signal);
    await follower?.stop();
    follower = await followAlarms(from, take, deps);
    if (stopping.signal.aborted) return;
    await follower.caughtUp;
    news.lookUpAll();
    // Not waited for: the log may be long, and all other alarms are known.
    void damaged.lookFor(from, take, stopping.signal);
    faults.start();
    incidents.start();
    void pulse.look();
  };
  const beginning = beginWithRetries(begin, deps, stopping.signal);
  // Later, so that the queue of alarms does not wait for the map.
  void afterStart(stopping.signal).then((on) => (on ? places.refresh().then(() => stream.beat(vitals())) : undefined));

  const timers = startTimers({ alarms, changes, faults, stream, pulse, detection, places, vitals });
  return {
    alarms,
    damaged,
    stream,
    actions,
    pulse,
    get faults() {
      return faults.sensors;
    },
    incidents,
    places: () => places.file,
    get problem() {
      return beginning.problem;
    },
    begun: beginning.begun,
    stop: async () => {
      stopping.abort();
      for (const timer of timers) clearInterval(timer);
      bound.stop();
      stream.close();
      actions.close();
      await follower?.stop();
      await beginning.done;
      await Promise.all([follower?.stop(), faults.stop(), incidents.stop(), lookup.stop()]);
    },
  };
}

interface Parts {
  readonly alarms: OpenAlarms;
  readonly damaged: DamagedAlarms;
  readonly pulse: LogPulse;
  readonly places: PlacesKeeper;
  readonly faults: FaultView;
  readonly incidents: IncidentView;
}

interface Timed extends Pick<Parts, 'alarms' | 'pulse' | 'places' | 'faults'> {
  readonly changes: SensorChanges;
  readonly stream: LiveStream;
  readonly detection: DetectionWatch;
  readonly vitals: () => object;
}

function startTimers({ alarms, changes, faults, stream, pulse, detection, places, vitals }: Timed): NodeJS.Timeout[] {
  return [
    setInterval(() => stream.publish(changes.take(alarms, faults.sensors)), CHANGES_EVERY_MS),
    // A beat shows that the console is alive, so it waits for nothing, not even the log.
    setInterval(() => {
      void pulse.look();
      stream.beat(vitals());
      detection.look(pulse.unprovenMs());
    }, BEAT_EVERY_MS),
    setInterval(() => stream.size > 0 && void pulse.look(), LOOK_EVERY_MS),
    setInterval(() => void places.refresh(), PLACES_EVERY_MS),
  ];
}

/** What each beat of the stream says. */
function vitalsOf({ alarms, damaged, pulse, places, faults, incidents }: Parts, now: number) {
  return {
    now: iso(now),
    log: pulse.now(),
    detection: pulse.detection(),
    places: places.described(),
    open: alarms.counts,
    beyond: alarms.beyond,
    damaged: damaged.size,
    faults: faults.sensors?.size ?? null,
    incidents: incidents.problem === undefined ? incidents.incidents.openSize : null,
  };
}

function streamEventOf({ event, at, live }: News): StreamEvent {
  return { event: 'alarm', data: (sight) => ({ event, at: iso(at), alarm: listedJson(live, sight) }) };
}
