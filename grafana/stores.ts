import type * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import { boardOf, type Row } from './board.ts';
import { OK_OR_BAD, statPanel, timePanel } from './panels.ts';
import { at, over } from './queries.ts';

const RATE = '[$__rate_interval]';

/** The load balancer in front, Cassandra and InfluxDB behind. */
export function storeBoard(): dashboard.Dashboard {
  return boardOf({
    uid: 'tocsin-stores',
    title: 'Load balancer and stores',
    description: 'HAProxy in front of the proxies, Cassandra (directory and archive), InfluxDB (history).',
    tags: ['watch'],
    span: '3h',
    refresh: '30s',
    rows: [balancer(), cassandra(), cassandraSeen(), influx()],
  });
}

const balancer = (): Row => ({
  title: 'HAProxy',
  height: 8,
  cells: [
    [timePanel('Servers taking requests', [over('sum by (proxy) (haproxy_backend_active_servers)', '{{proxy}}')], { decimals: 0 }), 6],
    [
      timePanel(
        'Answers a second',
        [over(`sum by (proxy, code) (rate(haproxy_backend_http_responses_total${RATE}))`, '{{proxy}} {{code}}')],
        { unit: 'reqps' },
      ),
      6,
    ],
    [
      timePanel('Tried again a second', [
        over(`sum by (proxy) (rate(haproxy_backend_retry_warnings_total${RATE}))`, '{{proxy}} same server'),
        over(`sum by (proxy) (rate(haproxy_backend_redispatch_warnings_total${RATE}))`, '{{proxy}} another server'),
      ]),
      6,
    ],
    [timePanel('Sessions', [over('sum by (proxy) (haproxy_frontend_current_sessions)', '{{proxy}}')], { decimals: 0 }), 6],
  ],
});

const cassandra = (): Row => ({
  title: 'Cassandra',
  height: 8,
  cells: [
    [statPanel('Nodes down', at('max(cassandra_nodes_down)'), { decimals: 0, steps: OK_OR_BAD }), 3],
    [
      timePanel('Requests a second', [over(`sum by (request) (rate(cassandra_requests_total${RATE}))`, '{{request}}')], { unit: 'reqps' }),
      7,
    ],
    [
      timePanel(
        'Requests, 99 %',
        [over('max by (request, instance) (cassandra_request_microseconds{quantile="0.99"})', '{{instance}} {{request}}')],
        { unit: 'µs' },
      ),
      7,
    ],
    [
      timePanel('Trouble', [
        over(`sum by (request, reason) (increase(cassandra_requests_failed_total${RATE}))`, '{{request}} {{reason}}'),
        over(`sum by (message) (increase(cassandra_dropped_messages_total${RATE}))`, 'dropped {{message}}'),
        over('sum(cassandra_compactions_pending)', 'compactions waiting'),
        over('sum(cassandra_storage_totalhintsinprogress)', 'hints'),
      ]),
      7,
    ],
  ],
});

const cassandraSeen = (): Row => ({
  title: 'Cassandra, as our processes see it',
  height: 8,
  cells: [
    [
      timePanel(
        'Request, 99 %',
        [over(`histogram_quantile(0.99, sum by (le, kind) (rate(tocsin_cassandra_request_seconds_bucket${RATE})))`, '{{kind}}')],
        { unit: 's' },
      ),
      8,
    ],
    [
      timePanel('Requests that failed', [over(`sum by (code) (increase(tocsin_cassandra_failures_total${RATE}))`, '{{code}}')], {
        decimals: 0,
      }),
      8,
    ],
    [timePanel('Nodes reached', [over('tocsin_cassandra_nodes_up', '{{instance}}')], { decimals: 0 }), 8],
  ],
});

const influx = (): Row => ({
  title: 'InfluxDB, as our writers see it',
  height: 8,
  cells: [
    [timePanel('Points a second', [over(`sum by (measurement) (rate(tocsin_history_points_written_total${RATE}))`, '{{measurement}}')]), 8],
    [
      timePanel(
        'Write, 99 %',
        [over(`histogram_quantile(0.99, sum by (le, measurement) (rate(tocsin_history_write_seconds_bucket${RATE})))`, '{{measurement}}')],
        { unit: 's' },
      ),
      8,
    ],
    [
      timePanel('Left out', [
        over(`sum by (measurement) (increase(tocsin_history_points_refused_total${RATE}))`, '{{measurement}} refused'),
        over(`sum by (measurement) (increase(tocsin_history_points_expired_total${RATE}))`, '{{measurement}} too old'),
      ]),
      8,
    ],
  ],
});
