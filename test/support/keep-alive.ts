/** Measures when the keep-alive mails of deploy/alertmanager arrive at a mail server of the test. */
import { setTimeout as delay } from 'node:timers/promises';
import { startSmtp } from './smtp-server.ts';
import { startPrometheus } from './servers/prometheus.ts';
import { startShippedAlertmanager } from './servers/shipped-alertmanager.ts';

const ADDRESS = 'keep-alive@example.org';

export interface KeepAliveOptions {
  /** How many times faster than as shipped. */
  readonly times?: number;
  /** How long the mail server takes for each mail, ms. */
  readonly mailMs?: number;
  /** The shipped rules are among `rules`; a Prometheus of its own evaluates them. */
  readonly rules: string;
}

/** Resolves with the times between keep-alives, ms, once there were `count` of them. */
export async function keepAlivePeriods(count: number, { times = 1, mailMs = 0, rules }: KeepAliveOptions): Promise<number[]> {
  const cameAt: number[] = [];
  const smtp = await startSmtp({
    onRcptTo: ({ address }, _session, callback) => {
      if (address === ADDRESS) cameAt.push(performance.now());
      setTimeout(callback, mailMs);
    },
  });
  const alertmanager = await startShippedAlertmanager(smtp.port, { times });
  const prometheus = await startPrometheus(`
global: { evaluation_interval: 1s }
rule_files: ['${rules}']
alerting: { alertmanagers: [{ static_configs: [{ targets: ['${alertmanager.url.replace('http://', '')}'] }] }] }
`);
  try {
    while (cameAt.length < count) await delay(50);
    return cameAt.slice(1).map((at, i) => at - (cameAt[i] ?? 0));
  } finally {
    await prometheus.stop();
    await alertmanager.stop();
    await smtp.stop();
  }
}
