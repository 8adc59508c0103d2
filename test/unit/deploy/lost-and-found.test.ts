/** Everything that may get lost is counted, and every such counter is watched by an alert, since nobody looks at counters unprompted. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../../..');
/** Folders that aren't product: tests, measurements, descriptions, and generated files. All others are. */
const BESIDE = ['test', 'bench', 'docs', 'deploy', 'grafana', 'simulator', 'node_modules', 'data'];
const PRODUCT = readdirSync(ROOT, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.') && !BESIDE.includes(entry.name))
  .map(({ name }) => name);

function textOf(folders: readonly string[], end: string): string {
  const files = folders.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((file) => join(ROOT, folder, file)),
  );
  return files
    .filter((file) => file.endsWith(end))
    .map((file) => readFileSync(file, 'utf8'))
    .join('\n');
}

/** Counters that no alert needs to watch, and why they count no loss. A new one must be added here or to deploy/prometheus/rules. */
const NOTHING_LOST: Readonly<Record<string, string>> = {
  tocsin_alarm_events_total: 'what was done',
  tocsin_history_points_written_total: 'what was done',
  tocsin_ingest_bytes_total: 'what was done',
  tocsin_ingest_sensor_keys_total: 'what was done, by version of the master secret',
  tocsin_ingest_nonces_forgotten_total: 'accepted all the same',
  tocsin_ingest_revoked_requests_total: 'refused as whoever revoked the sensor wants it; none was acknowledged',
  tocsin_kafka_fetched_bytes_total: 'what was done',
  tocsin_kafka_fetches_total: 'what was done',
  tocsin_log_appended_bytes_total: 'what was done',
  tocsin_log_appended_records_total: 'what was done',
  tocsin_task_records_total: 'what was done',
  tocsin_mails_completed_total: 'what was done',
  tocsin_console_audit_rows_total: 'what was done',
  tocsin_mails_already_delivered_total: 'met again and known by the ledger',
  tocsin_cassandra_failures_total: 'tried again by whoever asked, and a problem of that part meanwhile',
  tocsin_kafka_retries_total: 'sent again',
  tocsin_kafka_fenced_total: 'the other owner goes on',
  tocsin_kafka_rebalances_total: 'the other owner goes on',
  tocsin_hits_repeated_total: 'a resend by proof: the same counter and the same bytes within a minute',
  tocsin_counts_late_total: 'counted all the same',
  tocsin_console_streams_dropped_total: 'the browser connects again and gets everything anew',
  tocsin_console_connections_closed_total:
    'idle connections, ones without a whole request, ones that ask on without an answer: whoever asks connects again',
  tocsin_console_wrong_tokens_total: 'nobody was let in; the log names who sends many',
  tocsin_operations_wrong_tokens_total: 'nobody was let in; the log names who sends many',
  tocsin_ingest_unread_closed_total: 'what was acknowledged is in the log, whether or not the answer was read',
  tocsin_ingest_protocol_errors_total: 'no request was read, so none was acknowledged; the internet knocks at every open port',
  tocsin_readings_not_reported_total: 'tells by field what tocsin_sensors_faulty tells by sensor, which an alert watches',
};

describe('counters', () => {
  const counters = new Set(textOf(PRODUCT, '.ts').match(/(?<=')tocsin_\w+_total(?=')/g));
  const watched = new Set(textOf(['deploy/prometheus/rules'], '.yml').match(/tocsin_\w+_total/g));

  it('are all found', () => {
    expect(counters.size).toBeGreaterThan(30);
  });

  it('are watched by an alert, or have a reason why none is needed', () => {
    expect([...counters].filter((name) => !watched.has(name) && !(name in NOTHING_LOST))).toEqual([]);
  });

  it('that are watched are not excused', () => {
    expect(Object.keys(NOTHING_LOST).filter((name) => watched.has(name))).toEqual([]);
  });
});
