import type * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import { boardOf, type Row } from './board.ts';
import { OK_OR_BAD, statPanel, timePanel } from './panels.ts';
import { at, over } from './queries.ts';

const RATE = '[$__rate_interval]';
const TOPICS = 'topic!~"__.*"';

/** Topics and lag come from kafka_exporter, the brokers' own metrics from the JMX exporter (deploy/prometheus/jmx/kafka.yml). */
export function kafkaBoard(): dashboard.Dashboard {
  return boardOf({
    uid: 'tocsin-kafka',
    title: 'Kafka',
    description: 'Messages in, out and stored per topic, lag of every consumer, and the health of the brokers.',
    tags: ['watch'],
    span: '3h',
    refresh: '30s',
    rows: [now(), traffic(), backlog(), brokers(), clients()],
  });
}

const now = (): Row => ({
  height: 4,
  cells: [
    [statPanel('Brokers', at('max(kafka_brokers)'), { decimals: 0 }), 4],
    [
      statPanel('Controllers', at('sum(kafka_controller_activecontrollercount)'), {
        decimals: 0,
        steps: [
          [null, 'red'],
          [1, 'green'],
          [2, 'red'],
        ],
      }),
      4,
    ],
    [statPanel('Partitions offline', at('max(kafka_controller_offlinepartitionscount)'), { decimals: 0, steps: OK_OR_BAD }), 4],
    [statPanel('Under-replicated', at('sum(kafka_broker_underreplicatedpartitions)'), { decimals: 0, steps: OK_OR_BAD }), 4],
    [statPanel('Below min.insync', at('sum(kafka_broker_underminisrpartitioncount)'), { decimals: 0, steps: OK_OR_BAD }), 4],
    [statPanel('Largest lag', at('max(kafka_consumergroup_lag)'), { decimals: 0 }), 4],
  ],
});

const traffic = (): Row => ({
  title: 'Topics',
  height: 9,
  cells: [
    [
      timePanel('Messages in a second', [over(`sum by (topic) (rate(kafka_topic_messagesin_total{${TOPICS}}${RATE}))`, '{{topic}}')], {
        unit: 'cps',
      }),
      8,
    ],
    [
      timePanel(
        'Bytes in and out a second',
        [
          over(`sum by (topic) (rate(kafka_topic_bytesin_total{${TOPICS}}${RATE}))`, '{{topic}} in'),
          over(`sum by (topic) (rate(kafka_topic_bytesout_total{${TOPICS}}${RATE}))`, '{{topic}} out'),
        ],
        { unit: 'Bps' },
      ),
      8,
    ],
    [
      timePanel('Stored', [over(`sum by (topic) (kafka_partition_size_bytes{${TOPICS}})`, '{{topic}}')], {
        unit: 'bytes',
        stacked: true,
        description: 'Over all replicas.',
      }),
      8,
    ],
  ],
});

const backlog = (): Row => ({
  height: 9,
  cells: [
    [
      timePanel('Records held', [
        over(
          `sum by (topic) (kafka_topic_partition_current_offset{${TOPICS}} - kafka_topic_partition_oldest_offset{${TOPICS}})`,
          '{{topic}}',
        ),
      ]),
      8,
    ],
    [timePanel('Lag', [over('sum by (consumergroup, topic) (kafka_consumergroup_lag)', '{{consumergroup}} {{topic}}')]), 8],
    [
      timePanel('Members of groups', [over('max by (consumergroup) (kafka_consumergroup_members)', '{{consumergroup}}')], {
        decimals: 0,
      }),
      8,
    ],
  ],
});

const brokers = (): Row => ({
  title: 'Brokers',
  height: 9,
  cells: [
    [
      timePanel('Requests, 99 %', [over('max by (request) (kafka_request_milliseconds{quantile="0.99"})', '{{request}}')], {
        unit: 'ms',
      }),
      8,
    ],
    [timePanel('Request handlers idle', [over('kafka_broker_request_handlers_idle_ratio', '{{instance}}')], { unit: 'percentunit' }), 8],
    [
      timePanel('Refused requests a second', [
        over(`sum by (instance) (rate(kafka_broker_failedproducerequests_total${RATE}))`, '{{instance}} produce'),
        over(`sum by (instance) (rate(kafka_broker_failedfetchrequests_total${RATE}))`, '{{instance}} fetch'),
      ]),
      8,
    ],
  ],
});

/** Kafka as our processes see it. */
const clients = (): Row => ({
  title: 'As our processes see it',
  height: 9,
  cells: [
    [
      timePanel(
        'Transaction of a task, 99 %',
        [over(`histogram_quantile(0.99, sum by (le, instance) (rate(tocsin_kafka_transaction_seconds_bucket${RATE})))`, '{{instance}}')],
        { unit: 's' },
      ),
      8,
    ],
    [
      timePanel('Reads a second', [
        over(`sum by (lane) (rate(tocsin_kafka_fetches_total${RATE}))`, '{{lane}}'),
        over(`sum by (what) (rate(tocsin_kafka_retries_total${RATE}))`, 'tried again: {{what}}'),
      ]),
      8,
    ],
    [
      timePanel(
        'Partitions change hands',
        [
          over(`sum by (group) (increase(tocsin_kafka_rebalances_total${RATE}))`, '{{group}} rebalanced'),
          over(`sum(increase(tocsin_kafka_fenced_total${RATE}))`, 'tasks fenced off'),
          over(`sum(increase(tocsin_kafka_restore_seconds_count${RATE}))`, 'tasks restored'),
        ],
        { decimals: 0 },
      ),
      8,
    ],
  ],
});
