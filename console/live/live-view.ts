import type { AlarmEvent } from '../../alarm/alarm.ts';
import type { MessageLog } from '../../message-log/port.ts';
import type { Archive } from '../../processor/archive/port.ts';
import type { Directory } from '../../processor/response/directory/port.ts';
import { afterStart } from '../../runtime/after-start.ts';
import { retryForever } from '../../runtime/backoff.ts';
import type { Clock } from '../../runtime/clock.ts';
import { reasonOf } from '../../runtime/errors.ts';
import type { Health } from '../../runtime/health.ts';
import type { Running } from '../../runtime/lifecycle.ts';
import type { Logger } from '../../runtime/logging.ts';
import { iso, listedJson } from '../api/alarm-json.ts';
import type { Role } from '../security/tokens.ts';
import { archivedPositions, followAlarms } from './alarm-follower.ts';
import { ClientLookup } from './client-lookup.ts';
import { LogPulse } from './log-pulse.ts';
import { type LiveAlarm, OpenAlarms } from './open-alarms.ts';
import { PendingActions } from './pending-actions.ts';
import type { PlacesFile } from './places.ts';
import { PlacesKeeper } from './places-keeper.ts';
import { LiveStream, STREAM_SETTINGS } from './stream.ts';

export interface LiveDeps {
  readonly log: MessageLog;
  readonly archive: Archive;
  readonly directory: Directory;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly health: Health;
  readonly archiveGroup: string;
}

/** What happened to an alarm: a change from the log, or `located` once the directory has told where its sensor is. */
interface News {
  readonly event: string;
  readonly at: number;
  readonly live: LiveAlarm;
}

/** What is going on now: the open alarms, kept up to date from the log, and the stream that tells of it. */
export interface LiveView extends Running {
  readonly alarms: OpenAlarms;
  readonly stream: LiveStream;
  readonly actions: PendingActions;
  /** Why it can't tell what is open yet: then nothing is said rather than something wrong. */
  readonly problem: string | undefined;
  /** Undefined until the directory was read. */
  places(): PlacesFile | undefined;
}

const STATES_EVERY_MS = 100;
const BEAT_EVERY_MS = 3_000;
const LOOK_EVERY_MS = 1_000;
const PLACES_EVERY_MS = 10_000;
/** A snapshot carries no more alarms than this, the gravest and oldest first; it says how many there are. */
const SNAPSHOT_ALARMS_MAX = 5_000;

export async function startLiveView(deps: LiveDeps, streamsMax: number): Promise<LiveView> {
  const alarms = new OpenAlarms();
  const actions = new PendingActions();
  const pulse = new LogPulse(deps.log, deps.clock);
  const places = new PlacesKeeper(deps);
  const stream = new LiveStream({ ...STREAM_SETTINGS, streamsMax }, deps.clock, (role) => ({
    ...snapshotOf(alarms, role),
    ...vitals(),
  }));
  const vitals = () => ({ now: iso(deps.clock()), log: pulse.now(), places: places.described(), open: alarms.size });

  const changedSensors = new Set<number>();
  const tell = (news: readonly News[]): void => {
    for (const { live } of news) changedSensors.add(live.alarm.sensor);
    stream.publish(
      news.map(({ event, at, live }) => ({
        event: 'alarm',
        data: (role) => ({ event, at: iso(at), alarm: listedJson(live, role) }),
      })),
    );
  };
  const lookup = new ClientLookup(deps.directory, deps.health, (client) => {
    const label = { name: `${client.name} ${client.surname}`.trim(), city: client.city, country: client.country };
    tell(alarms.complete(client.id, client, label).map((live) => ({ event: 'located', at: deps.clock(), live })));
  });
  const onEvents = (events: readonly AlarmEvent[]): void => {
    const news = events.flatMap((event) => {
      const live = event.event === 'refused' ? undefined : alarms.apply(event);
      return live ? [{ event: event.event, at: event.at, live }] : [];
    });
    tell(news);
    for (const { live } of news) if (live.client === undefined && live.alarm.version === 1) lookup.ask(live.alarm.sensor);
    for (const event of events) actions.answer(event);
  };

  const stopping = new AbortController();
  let follower: Awaited<ReturnType<typeof followAlarms>> | undefined;
  const begin = async (): Promise<void> => {
    // The order matters: what the archive takes in after this look is read from the log once more.
    const from = await archivedPositions(deps.log, deps.archiveGroup);
    alarms.load(await deps.archive.open());
    follower = await followAlarms(from, onEvents, deps);
    await follower.caughtUp;
    for (const sensor of alarms.sensors()) lookup.ask(sensor);
  };
  const beginning = await begun(begin, deps, stopping.signal);
  // The queue must not wait for the map.
  void afterStart(stopping.signal).then((on) => (on ? places.refresh().then(() => stream.beat(vitals())) : undefined));

  const timers = [
    setInterval(() => {
      if (changedSensors.size === 0) return;
      const states = [...changedSensors].flatMap((sensor) => [sensor, alarms.code(sensor)]);
      changedSensors.clear();
      stream.publish([{ event: 'states', data: () => ({ states }) }]);
    }, STATES_EVERY_MS),
    setInterval(() => void pulse.look().then(() => stream.beat(vitals())), BEAT_EVERY_MS),
    setInterval(() => stream.size > 0 && void pulse.look(), LOOK_EVERY_MS),
    setInterval(() => void places.refresh(), PLACES_EVERY_MS),
  ];
  return {
    alarms,
    stream,
    actions,
    places: () => places.file,
    get problem() {
      return beginning.problem;
    },
    stop: async () => {
      stopping.abort();
      for (const timer of timers) clearInterval(timer);
      stream.close();
      actions.close();
      await beginning.done;
      await Promise.all([follower?.stop(), lookup.stop()]);
    },
  };
}

/** What is tried until it succeeds: resolves once it has or has failed for the first time, and rejects only where no waiting helps. */
async function begun(begin: () => Promise<void>, { health, logger }: LiveDeps, signal: AbortSignal) {
  const state: { problem: string | undefined; done: Promise<void> } = { problem: undefined, done: Promise.resolve() };
  await new Promise<void>((resolve, reject) => {
    const onRetry = (error: unknown, attempt: number): void => {
      state.problem = `the open alarms cannot be read: ${reasonOf(error)}`;
      health.report('console-alarms', state.problem);
      if (attempt === 0) logger.warn({ reason: reasonOf(error) }, 'the open alarms cannot be read, trying again; the API answers 503');
      resolve();
    };
    const onBegun = (): void => {
      state.problem = undefined;
      health.report('console-alarms', undefined);
      resolve();
    };
    const onEnd = (error: unknown): void => {
      reject(error);
      if (state.problem && !signal.aborted) logger.error({ reason: reasonOf(error) }, 'the open alarms cannot be read');
    };
    state.done = retryForever(begin, onRetry, signal).then(onBegun, onEnd);
  });
  return state;
}

const SEVERITY_ORDER = { CRITICAL: 0, MAJOR: 1, MINOR: 2, WARNING: 3 } as const;

function snapshotOf(alarms: OpenAlarms, role: Role) {
  const open = alarms.newestFirst().filter(({ alarm }) => alarm.state !== 'CLEARED_ACK');
  const shown =
    open.length <= SNAPSHOT_ALARMS_MAX
      ? open
      : open
          .toSorted((a, b) => SEVERITY_ORDER[a.alarm.severity] - SEVERITY_ORDER[b.alarm.severity] || a.alarm.raisedAt - b.alarm.raisedAt)
          .slice(0, SNAPSHOT_ALARMS_MAX);
  return {
    alarms: shown.map((live) => listedJson(live, role)),
    states: [...alarms.sensors()].flatMap((sensor) => [sensor, alarms.code(sensor)]),
  };
}
