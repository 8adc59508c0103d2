import { Counter, Gauge, type Registry } from 'prom-client';
import type { LiveView } from './live/live-view.ts';
import type { Sessions } from './security/sessions.ts';

export function registerMetrics(registry: Registry, live: LiveView, sessions: Sessions): void {
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
  gauge(
    'tocsin_console_detection_behind_seconds',
    'For how long nothing has proven that detection keeps up: all that had come in before is decided',
    () => live.pulse.unprovenMs() / 1_000,
  );
  gauge('tocsin_console_faulty_sensors', 'Sensors with a detector that cannot be read', () => live.faults?.size ?? Number.NaN);
  gauge('tocsin_console_streams', 'Live streams that are open', () => live.stream.size);
  gauge('tocsin_console_sessions', 'Browsers that are signed in', () => sessions.size);
  new Counter({
    name: 'tocsin_console_streams_dropped_total',
    help: 'Live streams cut off because their reader was too slow',
    registers: [registry],
    collect() {
      this.reset();
      this.inc(live.stream.dropped);
    },
  });
}
