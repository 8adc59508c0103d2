import type * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import { boardOf, type Row } from './board.ts';
import { columns, OK_OR_BAD, statPanel, type TimeLook, tablePanel, timePanel } from './panels.ts';
import { at, over, type Query } from './queries.ts';
import type { TypeColors } from './type-colors.ts';

const RATE = '[$__rate_interval]';
const BACKLOG = 'sum by (topic) (tocsin_task_lag_records)';
/** Counters of everything that was given up and is in topic DEAD. */
const PARKED = ['tocsin_task_parked_total', 'tocsin_archive_parked_total', 'tocsin_counts_parked_total', 'tocsin_mails_parked_total'];
const parkedIn = (span: string): string => PARKED.map((name) => `(sum(increase(${name}[${span}])) or vector(0))`).join(' + ');
/** The value only while a process reports to Prometheus: otherwise 0 would look like good news. */
const ifReported = (expr: string): string => `(${expr}) and on () count(up{job=~"tocsin.*"} == 1)`;

/** Everything from the arrival of a status to the sending of its mail. */
export function pipelineBoard(colors: TypeColors): dashboard.Dashboard {
  return boardOf({
    uid: 'tocsin-pipeline',
    title: 'Pipeline',
    description: 'Statuses in, alarms raised, mailed and stored: rates, lag, latencies, and what went wrong.',
    tags: ['watch'],
    span: '1h',
    refresh: '10s',
    rows: [now(), firing(), ingest(), log(), detection(colors), faults(colors), ...response(), consumers(), operators(), processes()],
  });
}

const now = (): Row => ({
  height: 4,
  cells: [
    [
      statPanel('Statuses a second', at(`sum(rate(tocsin_ingest_records_total{outcome="accepted"}[1m]))`), {
        decimals: 0,
        steps: [
          [null, 'red'],
          [0.01, 'green'],
        ],
      }),
      4,
    ],
    [statPanel('Active alarms', at('sum(tocsin_alarms_active)'), { decimals: 0 }), 4],
    [statPanel('Parts with a problem', at(ifReported('sum(tocsin_part_problem) or vector(0)')), { decimals: 0, steps: OK_OR_BAD }), 4],
    [
      statPanel('Lag, records', at('sum(tocsin_task_lag_records)'), {
        decimals: 0,
        steps: [
          [null, 'green'],
          [10_000, 'orange'],
          [100_000, 'red'],
        ],
      }),
      4,
    ],
    [
      statPanel('Mails to be sent', at('sum(tocsin_mails_unfinished) + sum(tocsin_mails_unread)'), {
        decimals: 0,
        steps: [
          [null, 'green'],
          [20, 'orange'],
          [500, 'red'],
        ],
      }),
      4,
    ],
    [statPanel('Dead letters in 24 h', at(ifReported(parkedIn('24h'))), { decimals: 0, steps: OK_OR_BAD }), 4],
  ],
});

const firing = (): Row => ({
  height: 6,
  cells: [
    [
      tablePanel('Firing alerts', at('ALERTS{alertstate="firing", severity!="none"}')).withTransformation(
        columns(['Time', 'Value', '__name__', 'alertstate'], {}),
      ),
      12,
    ],
    [tablePanel('Parts with a problem', at('tocsin_part_problem')).withTransformation(columns(['Time', 'Value', '__name__'], {})), 12],
  ],
});

const ingest = (): Row => ({
  title: 'Ingest',
  height: 9,
  cells: [
    [
      timePanel('Records a second', [over(`sum by (topic, outcome) (rate(tocsin_ingest_records_total${RATE}))`, '{{topic}} {{outcome}}')], {
        unit: 'cps',
      }),
      8,
    ],
    [
      timePanel('Answers a second', [over(`sum by (status, path) (rate(tocsin_ingest_requests_total${RATE}))`, '{{path}} {{status}}')], {
        unit: 'reqps',
      }),
      8,
    ],
    [percentiles('Received to durable', 'tocsin_ingest_commit_seconds'), 8],
    [timePanel('Bytes a second', [over(`sum by (topic) (rate(tocsin_ingest_bytes_total${RATE}))`, '{{topic}}')], { unit: 'Bps' }), 8],
    [
      timePanel(
        'Waiting',
        [over('sum(tocsin_ingest_queue_bytes)', 'for the log'), over('sum(tocsin_ingest_unfinished_bytes)', 'bodies still coming in')],
        { unit: 'bytes' },
      ),
      8,
    ],
    [
      timePanel('Connections', [
        over('sum(tocsin_ingest_connections)', 'open'),
        over(`sum(increase(tocsin_ingest_connections_refused_total${RATE}))`, 'refused'),
        over(`sum(increase(tocsin_ingest_protocol_errors_total${RATE}))`, 'not HTTP, or too slow'),
      ]),
      8,
    ],
  ],
});

const log = (): Row => ({
  title: 'Log',
  height: 9,
  cells: [
    [
      timePanel('Records a second', [over(`sum by (topic) (rate(tocsin_log_appended_records_total${RATE}))`, '{{topic}}')], {
        unit: 'cps',
      }),
      6,
    ],
    [
      timePanel('Size on disk (embedded)', [over('sum by (topic) (tocsin_log_size_bytes)', '{{topic}}')], { unit: 'bytes', stacked: true }),
      6,
    ],
    [percentiles('Sent to durable', 'tocsin_log_commit_seconds'), 6],
    [
      timePanel('Lost or waiting', [
        over('sum(tocsin_log_pending_bytes)', 'bytes not durable yet'),
        over(`sum(increase(tocsin_log_corrupt_frames_total${RATE}))`, 'damaged frames'),
        over(`sum(increase(tocsin_log_removed_frames_total{read="no"}${RATE}))`, 'removed unread'),
      ]),
      6,
    ],
  ],
});

const detection = (colors: TypeColors): Row => ({
  title: 'Detection',
  height: 9,
  cells: [
    [
      timePanel('Records read a second', [over(`sum by (topic) (rate(tocsin_task_records_total${RATE}))`, '{{topic}}')], { unit: 'cps' }),
      6,
    ],
    [
      timePanel('Lag', [over(BACKLOG, '{{topic}}')], {
        unit: 'short',
        description: 'Records in the log that their task has not read yet.',
      }),
      6,
    ],
    [percentiles('Reading received to alarm durable', 'tocsin_alarm_raised_seconds'), 6],
    [
      timePanel('Active alarms', [over('sum by (type) (tocsin_alarms_active)', '{{type}}')], {
        stacked: true,
        decimals: 0,
        colors,
      }),
      6,
    ],
  ],
});

const faults = (colors: TypeColors): Row => ({
  title: 'What detection cannot see',
  height: 8,
  cells: [
    [
      timePanel('Detection unproven for', [over('tocsin_console_detection_behind_seconds', '{{instance}}')], {
        unit: 's',
        description: 'For how long a console has had no proof that everything that came in is decided. Some seconds are normal.',
      }),
      6,
    ],
    [
      timePanel('Sensors with a fault', [over('sum by (detector) (tocsin_sensors_faulty)', '{{detector}}')], {
        decimals: 0,
        description: 'A detector that is absent, unreadable or stale raises no alarm. The console lists them.',
        colors,
      }),
      6,
    ],
    [
      timePanel(
        'Fields not reported a minute',
        [over(`sum by (field, reason) (rate(tocsin_readings_not_reported_total${RATE})) * 60`, '{{field}} {{reason}}')],
        { description: 'In accepted readings.' },
      ),
      6,
    ],
    [
      timePanel('Hits that did not count', [over(`sum(increase(tocsin_hits_stale_total${RATE}))`, 'older than a recovery')], {
        decimals: 0,
      }),
      6,
    ],
  ],
});

const response = (): Row[] => [
  {
    title: 'Response',
    height: 9,
    cells: [
      [timePanel('Alarm events a minute', [over(`sum by (event) (rate(tocsin_alarm_events_total${RATE})) * 60`, '{{event}}')]), 8],
      [percentiles('Reading received to mail handed over', 'tocsin_alarm_mailed_seconds'), 8],
      [percentiles('Reading received to alarm archived', 'tocsin_alarm_stored_seconds'), 8],
    ],
  },
  {
    height: 9,
    cells: [
      [
        timePanel('Mails a minute', [
          over(`sum by (event) (rate(tocsin_mails_sent_total${RATE})) * 60`, 'sent: {{event}}'),
          over(`sum(rate(tocsin_mails_deferred_total${RATE})) * 60`, 'attempts that failed'),
          over(`sum(rate(tocsin_mail_recipients_refused_total${RATE})) * 60`, 'recipients refused'),
          over(`sum(rate(tocsin_mail_recipients_parked_total${RATE})) * 60`, 'recipients given up'),
          over(`sum(rate(tocsin_mails_completed_total${RATE})) * 60`, 'completed later'),
          over(`sum(rate(tocsin_mails_already_delivered_total${RATE})) * 60`, 'sent before, not sent again'),
        ]),
        8,
      ],
      [
        timePanel('Incomplete', [
          over('sum(tocsin_mails_unfinished) + sum(tocsin_mails_unread)', 'mails to be sent'),
          over('sum(tocsin_archive_places_missing)', 'archived without a place'),
          over(`sum by (reason) (increase(tocsin_mails_without_client_total${RATE}))`, 'mails without client data: {{reason}}'),
        ]),
        8,
      ],
      [
        timePanel(
          'Dead letters',
          PARKED.map((name) => over(`sum(increase(${name}${RATE}))`, name.replace(/^tocsin_|_parked_total$/g, ''))),
        ),
        8,
      ],
    ],
  },
];

const consumers = (): Row => ({
  title: 'Consumers',
  height: 8,
  cells: [
    [
      timePanel('Failed attempts', [over(`sum by (consumer) (increase(tocsin_consumer_failures_total${RATE}))`, '{{consumer}}')], {
        description: 'Each is retried until it succeeds.',
      }),
      12,
    ],
    [
      timePanel('Odd records', [
        over(`sum(increase(tocsin_counts_late_total${RATE}))`, 'counted an hour late'),
        over(`sum(increase(tocsin_states_unreadable_total${RATE}))`, 'unreadable alarm events'),
      ]),
      12,
    ],
  ],
});

const operators = (): Row => ({
  title: 'Operators',
  height: 8,
  cells: [
    [timePanel('Open alarms', [over('max(tocsin_console_open_alarms)', 'not cleared and acknowledged')], { decimals: 0 }), 8],
    [
      timePanel('Consoles', [over('sum(tocsin_console_streams)', 'live streams'), over('sum(tocsin_console_sessions)', 'sessions')], {
        decimals: 0,
      }),
      8,
    ],
    [
      timePanel('Streams cut off', [over(`sum(increase(tocsin_console_streams_dropped_total${RATE}))`, 'reader too slow')], {
        decimals: 0,
      }),
      8,
    ],
  ],
});

const processes = (): Row => ({
  title: 'Processes',
  height: 8,
  cells: [
    [
      timePanel('CPU', [over(`rate(process_cpu_seconds_total{job=~"tocsin.*"}${RATE})`, '{{job}} {{instance}}')], { unit: 'percentunit' }),
      6,
    ],
    [timePanel('Memory', [over('process_resident_memory_bytes{job=~"tocsin.*"}', '{{job}} {{instance}}')], { unit: 'bytes' }), 6],
    [
      timePanel('Event loop lag, 99 %', [over('nodejs_eventloop_lag_p99_seconds{job=~"tocsin.*"}', '{{job}} {{instance}}')], { unit: 's' }),
      6,
    ],
    [timePanel('Up', [over('up{job=~"tocsin.*"}', '{{job}} {{instance}}')], { decimals: 0, max: 1 }), 6],
  ],
});

/** The 50th, 95th and 99th percentiles of a histogram, and its mean. */
function percentiles(title: string, histogram: string): ReturnType<typeof timePanel> {
  const look: TimeLook = { unit: 's' };
  const quantile = (q: number, legend: string): Query =>
    over(`histogram_quantile(${q}, sum by (le) (rate(${histogram}_bucket${RATE})))`, legend);
  const mean = over(`sum(rate(${histogram}_sum${RATE})) / sum(rate(${histogram}_count${RATE}))`, 'mean');
  return timePanel(title, [quantile(0.5, '50 %'), quantile(0.95, '95 %'), quantile(0.99, '99 %'), mean], look);
}
