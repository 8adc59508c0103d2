import { z } from 'zod';
import { bearerToken, duration, flag, port, secret, setting } from './configuration.ts';
import { LOG_LEVELS } from './logging.ts';

/** The settings of every process, whatever its roles. */
export const processSettings = {
  dataDir: setting('TOCSIN_DATA_DIR', z.string().min(1), './data', 'Folder for all stored data: log, clients, archive, history, outbox.'),
  settingsFile: setting(
    'TOCSIN_SETTINGS',
    z.string().min(1).optional(),
    undefined,
    'YAML file for lists and trees, such as the types of alarms. Not set: ./tocsin.yaml, if it is there.',
  ),
  host: setting(
    'TOCSIN_HOST',
    z.string().min(1),
    '127.0.0.1',
    'Address to listen on. Any address but loopback requires credentials for sensors and operators.',
  ),
  insecure: setting(
    'TOCSIN_INSECURE',
    flag,
    'no',
    'yes: passwords, keys and statuses may cross the network unencrypted, since it is protected by other means. no: the start is refused if any would.',
  ),
  operationsPort: setting(
    'TOCSIN_OPERATIONS_PORT',
    port,
    '9464',
    'Port for /healthz, /readyz and /metrics of a process with neither proxy nor console, which serve them on their own ports; 0: any free port.',
  ),
  metricsToken: secret(
    'TOCSIN_METRICS_TOKEN',
    bearerToken.optional(),
    'Bearer token that opens /metrics, and the reasons in /readyz, on every port: for Prometheus.',
  ),
  metricsAccess: setting(
    'TOCSIN_METRICS',
    z.enum(['protected', 'open'], 'must be protected or open'),
    'protected',
    'Who may read /metrics. protected: callers with a token, and this machine while no other can reach the process. open: anyone who can reach the port.',
  ),
  logLevel: setting('TOCSIN_LOG_LEVEL', z.enum(LOG_LEVELS), 'info', 'fatal, error, warn, info, debug, trace or silent.'),
  logFormat: setting(
    'TOCSIN_LOG_FORMAT',
    z.enum(['auto', 'json', 'text']),
    'auto',
    'json for machines, text for people; auto: text on a terminal, otherwise json.',
  ),
  stopTimeoutMs: setting('TOCSIN_STOP_TIMEOUT', duration, '10s', 'How long a stop may take to finish work in progress.'),
};
