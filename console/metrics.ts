import { Counter, Gauge, type Registry } from 'prom-client';
import type { AuditTrail } from './audit/trail.ts';
import type { LiveView } from './live/live-view.ts';
import type { Attempts } from '../runtime/attempts.ts';
import type { Connections } from './security/connections.ts';
import type { Sessions } from './security/sessions.ts';

interface Observed {
  readonly live: LiveView;
  readonly sessions: Sessions;
  readonly attempts: Attempts;
  readonly connections: Connections;
  readonly audit: AuditTrail;
}

export function registerMetrics(registry: Registry, { live, sessions, attempts, connections, audit }: Observed): void {
  const gauge = (name: string, help: string, value: () => number): Gauge =>
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(value());
      },
    });
  gauge('tocsin_console_open_alarms', 'Alarms that are not yet cleared and acknowledged', () => live.alarms.size);
  gauge('tocsin_console_alarms_max', 'Maximum number of open alarms that the console lists', () => live.alarms.heldMax);
  gauge('tocsin_console_alarms_not_listed', 'Open alarms beyond the maximum, which are only counted', () => live.alarms.beyond);
  gauge(
    'tocsin_console_detection_behind_seconds',
    'How long nothing has proven that detection keeps up; everything that came in before that is decided',
    () => live.pulse.unprovenMs() / 1_000,
  );
  gauge('tocsin_console_faulty_sensors', 'Sensors with a detector that cannot be read', () => live.faults?.size ?? Number.NaN);
  gauge('tocsin_console_streams', 'Open live streams', () => live.stream.size);
  gauge('tocsin_console_sessions', 'Signed-in browsers', () => sessions.size);
  gauge('tocsin_console_connections', 'Open connections', () => connections.size);
  const counter = (name: string, help: string, value: () => number): Counter =>
    new Counter({
      name,
      help,
      registers: [registry],
      collect() {
        this.reset();
        this.inc(value());
      },
    });
  counter('tocsin_console_streams_dropped_total', 'Live streams cut off because their reader was too slow', () => live.stream.dropped);
  counter('tocsin_console_wrong_tokens_total', 'Sign-ins and requests with an unknown token', () => attempts.total);
  gauge('tocsin_console_audit_waiting', 'Rows of the audit trail that are not in the log yet', () => audit.waiting);
  counter('tocsin_console_audit_rows_total', 'Rows of the audit trail that were written', () => audit.written);
  counter(
    'tocsin_console_audit_lost_total',
    'Rows of the audit trail that were lost, since the log accepted none for too long',
    () => audit.lost,
  );
  counter(
    'tocsin_console_connections_closed_total',
    'Connections closed: idle ones because there were too many, and ones that ask on without an answer',
    () => connections.closed,
  );
}
