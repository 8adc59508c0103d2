import type { Effects } from '../../incident/engine.ts';
import type { Answer } from '../../incident/answer.ts';
import type { Incident } from '../../incident/incident.ts';
import { incidentName } from '../../incident/incident-id.ts';
import type { Signal } from '../../incident/signal.ts';
import type { IncidentTopics } from '../../console/incidents/incident-view.ts';
import { type Follower, followTopic, type Following } from '../../console/live/topic-follower.ts';
import { oneRecord } from '../../message-log/one-record.ts';
import { pino } from 'pino';
import { ReceivingCentre } from './incidents.ts';
import { MemoryLog } from './memory-log.ts';

/** Any topic does for a log in memory. */
const TOPIC = 'DEAD';

/** Stands for topics SIGNAL and INCIDENT and the task between them: what is appended goes into a real engine at once. */
export class TestIncidentTopics implements IncidentTopics {
  readonly log = new MemoryLog();
  readonly centre = new ReceivingCentre();
  readonly signals: Signal[] = [];
  /** While set, nothing is appended. */
  fault: Error | undefined;
  /** While true, what is appended waits for `decide`. */
  isSlow = false;
  #written = 0;

  follow(_since: number, following: Omit<Following, 'topic' | 'from'>): Promise<Follower> {
    return followTopic({ ...following, topic: TOPIC, from: ['earliest'] }, { log: this.log, logger: pino({ level: 'silent' }) });
  }

  async append(signals: readonly Signal[]): Promise<void> {
    if (this.fault) throw this.fault;
    this.signals.push(...signals);
    if (!this.isSlow) await this.decide(signals);
  }

  async decide(signals: readonly Signal[]): Promise<void> {
    for (const signal of signals) this.centre.signal(signal);
    await this.commit();
  }

  /** Writes what has come of the engine since the last time. */
  async commit(): Promise<void> {
    for (const effects of this.centre.effects.slice(this.#written))
      for (const record of recordsOf(effects)) await this.write(JSON.stringify(record));
    this.#written = this.centre.effects.length;
  }

  async write(text: string): Promise<void> {
    await this.log.append(TOPIC, oneRecord(0, text), Date.now());
  }
}

function recordsOf({ changed, events, answers }: Effects): object[] {
  const incidents = [...changed].map(([id, incident]) =>
    incident
      ? { incident: incidentJson(incident), events: events.filter((event) => event.incident === id) }
      : { forgotten: incidentName(id) },
  );
  return [...incidents, ...(answers.length > 0 ? [{ answers: answers.map(answerJson) }] : [])];
}

function incidentJson(incident: Incident): object {
  const { id, parent, previous, told, closing, members, run: _, ...rest } = incident;
  return {
    ...rest,
    id: incidentName(id),
    ...(parent !== undefined && { parent: incidentName(parent) }),
    ...(previous !== undefined && { previous: incidentName(previous) }),
    told: [...told],
    members,
    membersInAll: members.length,
    ...(closing && { closing: { ...closing, ...(closing.into !== undefined && { into: incidentName(closing.into) }) } }),
  };
}

function answerJson({ incident, ...answer }: Answer): object {
  const incidents = 'incidents' in answer && answer.incidents ? { incidents: answer.incidents.map(incidentName) } : {};
  return { ...answer, ...(incident !== undefined && { incident: incidentName(incident) }), ...incidents };
}
