import type * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import { boardOf, type Row } from './board.ts';
import { timePanel } from './panels.ts';
import { over } from './queries.ts';

const RATE = '[$__rate_interval]';
/** Local disks that hold data. */
const DISK = 'fstype!~"tmpfs|overlay|squashfs|ramfs|devtmpfs", mountpoint!~"/(boot|run|proc|sys|dev).*"';
const NETWORK = 'device!~"lo|veth.*|docker.*|br-.*"';
/** Containers with a name, not the groups of processes around them. */
const NAMED = 'name!=""';

/** Metrics of node_exporter and cAdvisor. */
export function hostBoard(): dashboard.Dashboard {
  return boardOf({
    uid: 'tocsin-hosts',
    title: 'Hosts and containers',
    description: 'Processor, memory, disk, network and clock of every host, and how much of them each container uses.',
    tags: ['watch'],
    span: '3h',
    refresh: '30s',
    rows: [...hosts(), containers()],
  });
}

const hosts = (): Row[] => [
  {
    title: 'Hosts',
    height: 8,
    cells: [
      [
        timePanel('CPU in use', [over(`1 - avg by (instance) (rate(node_cpu_seconds_total{mode="idle"}${RATE}))`, '{{instance}}')], {
          unit: 'percentunit',
          max: 1,
        }),
        8,
      ],
      [
        timePanel('Memory in use', [over('1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes', '{{instance}}')], {
          unit: 'percentunit',
          max: 1,
        }),
        8,
      ],
      [timePanel('Load', [over('node_load1', '{{instance}}')]), 8],
    ],
  },
  {
    height: 8,
    cells: [
      [
        timePanel(
          'Disk in use',
          [over(`1 - node_filesystem_avail_bytes{${DISK}} / node_filesystem_size_bytes{${DISK}}`, '{{instance}} {{mountpoint}}')],
          { unit: 'percentunit', max: 1 },
        ),
        8,
      ],
      [
        timePanel('Disk busy', [over(`rate(node_disk_io_time_seconds_total${RATE})`, '{{instance}} {{device}}')], { unit: 'percentunit' }),
        8,
      ],
      [
        timePanel(
          'Disk bytes a second',
          [
            over(`sum by (instance) (rate(node_disk_written_bytes_total${RATE}))`, '{{instance}} written'),
            over(`sum by (instance) (rate(node_disk_read_bytes_total${RATE}))`, '{{instance}} read'),
          ],
          { unit: 'Bps' },
        ),
        8,
      ],
    ],
  },
  {
    height: 8,
    cells: [
      [
        timePanel(
          'Network bytes a second',
          [
            over(`sum by (instance) (rate(node_network_receive_bytes_total{${NETWORK}}${RATE}))`, '{{instance}} in'),
            over(`sum by (instance) (rate(node_network_transmit_bytes_total{${NETWORK}}${RATE}))`, '{{instance}} out'),
          ],
          { unit: 'Bps' },
        ),
        8,
      ],
      [
        timePanel('Clock off by', [over('abs(node_timex_offset_seconds)', '{{instance}}')], {
          unit: 's',
          description: 'As the time service reports it.',
        }),
        8,
      ],
      [timePanel('Open files', [over('node_filefd_allocated', '{{instance}}')]), 8],
    ],
  },
];

const containers = (): Row => ({
  title: 'Containers',
  height: 9,
  cells: [
    [
      timePanel('CPU', [over(`sum by (name) (rate(container_cpu_usage_seconds_total{${NAMED}}${RATE}))`, '{{name}}')], {
        unit: 'percentunit',
        description: '100 % is one processor.',
      }),
      6,
    ],
    [timePanel('Memory', [over(`sum by (name) (container_memory_working_set_bytes{${NAMED}})`, '{{name}}')], { unit: 'bytes' }), 6],
    [
      timePanel(
        'Network bytes a second',
        [
          over(`sum by (name) (rate(container_network_receive_bytes_total{${NAMED}}${RATE}))`, '{{name}} in'),
          over(`sum by (name) (rate(container_network_transmit_bytes_total{${NAMED}}${RATE}))`, '{{name}} out'),
        ],
        { unit: 'Bps' },
      ),
      6,
    ],
    [
      timePanel(
        'Restarts and kills',
        [
          over(`sum by (name) (changes(container_start_time_seconds{${NAMED}}${RATE}))`, '{{name}} started again'),
          over(`sum by (name) (increase(container_oom_events_total{${NAMED}}${RATE}))`, '{{name}} out of memory'),
        ],
        { decimals: 0 },
      ),
      6,
    ],
  ],
});
