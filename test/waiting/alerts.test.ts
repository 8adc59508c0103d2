/** From a rule to a mail: Prometheus and Alertmanager as deploy/ configures them, only faster, and a mail server that keeps its mails. */
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ParsedMail } from 'mailparser';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { check, eventually, type Prometheus, startPrometheus } from '../support/servers/prometheus.ts';
import { startShippedAlertmanager } from '../support/servers/shipped-alertmanager.ts';
import { type FaultySmtp, startSmtp } from '../support/smtp-server.ts';
import { SystemProcess } from '../support/system.ts';

const DEPLOY = join(import.meta.dirname, '../../deploy');
const DEADLINE_MS = 60_000;
/** Minutes become seconds. */
const TIMES = 60;

let smtp: FaultySmtp;
let alertmanager: { readonly url: string; stop(): Promise<void> };
beforeEach(async () => {
  smtp = await startSmtp();
  alertmanager = await startShippedAlertmanager(smtp.port, { times: TIMES });
});
afterEach(async () => {
  await alertmanager.stop();
  await smtp.stop();
});

const mails = (to: string): ParsedMail[] => smtp.taken.filter((mail) => JSON.stringify(mail.to).includes(to));

const arrived = (to: string, enough: (mails: readonly ParsedMail[]) => boolean) => eventually(DEADLINE_MS, async () => mails(to), enough);

async function post(
  ...alerts: {
    readonly name: string;
    readonly severity: string;
    readonly labels?: Record<string, string>;
    readonly endsAt?: string;
  }[]
): Promise<void> {
  const body = alerts.map(({ name, severity, labels, endsAt }) => ({
    labels: { alertname: name, severity, ...labels },
    endsAt,
    annotations: { summary: `this is ${name}`, description: 'as a test', runbook_url: 'docs/alerts.md' },
  }));
  const answer = await fetch(`${alertmanager.url}/api/v2/alerts`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  expect(answer.status).toBe(200);
}

describe('the configuration of Alertmanager', () => {
  it('is valid', async () => {
    expect(await check('amtool', ['check-config', 'alertmanager.yml'], join(DEPLOY, 'alertmanager'))).toContain('SUCCESS');
  });

  it('sends lesser alerts in one mail, sorted by severity, and critical ones alone', async () => {
    await post({ name: 'Small', severity: 'minor' }, { name: 'Middle', severity: 'major' }, { name: 'Other', severity: 'minor' });
    await post({ name: 'Grave', severity: 'critical' });
    const [lesser] = await arrived('operations@example.org', ({ length }) => length > 0);
    const [grave] = await arrived('on-call@example.org', ({ length }) => length > 0);
    const names = [...(lesser?.text ?? '').matchAll(/^(\w+) {2}(\w+): this is /gm)].map(([, severity, name]) => `${severity} ${name}`);
    expect(names).toEqual(['major Middle', 'minor Other', 'minor Small']);
    expect(lesser?.subject).toBe('Tocsin: 3 alerts');
    expect(grave?.text).toContain('critical  Grave: this is Grave');
    expect(grave?.subject).toBe('Tocsin: critical: Grave: this is Grave');
  });

  it('sends a mail for each critical alert of one name, when it fires and when it is over, and its subject says which alert it is', async () => {
    const down = (instance: string, more: object = {}) => ({
      name: 'RoleDown',
      severity: 'critical',
      labels: { instance, job: 'tocsin', role: 'proxy' },
      ...more,
    });
    await post(down('proxy-1:19092'), down('proxy-2:19092'), { name: 'NoStatuses', severity: 'critical' });
    const fired = await arrived('on-call@example.org', ({ length }) => length >= 3);
    expect(fired.map(({ subject }) => subject).sort()).toEqual([
      'Tocsin: critical: NoStatuses: this is NoStatuses',
      'Tocsin: critical: RoleDown: this is RoleDown [proxy-1:19092 tocsin proxy]',
      'Tocsin: critical: RoleDown: this is RoleDown [proxy-2:19092 tocsin proxy]',
    ]);
    for (const { text } of fired) expect(text?.match(/^critical {2}/gm)).toHaveLength(1);
    const over = { endsAt: new Date().toISOString() };
    await post(down('proxy-1:19092', over), down('proxy-2:19092', over));
    const all = await arrived('on-call@example.org', ({ length }) => length >= 5);
    expect(all.slice(3).map(({ subject, text }) => [subject, text?.split('\n')[0]])).toEqual(
      expect.arrayContaining([
        ['Tocsin: over: RoleDown: this is RoleDown [proxy-1:19092 tocsin proxy]', 'OVER'],
        ['Tocsin: over: RoleDown: this is RoleDown [proxy-2:19092 tocsin proxy]', 'OVER'],
      ]),
    );
    expect(all).toHaveLength(5);
  });

  it('names a lesser alert that comes alone, and how many are over', async () => {
    await post({ name: 'Middle', severity: 'major', labels: { instance: 'a:1' } });
    const [alone] = await arrived('operations@example.org', ({ length }) => length > 0);
    expect(alone?.subject).toBe('Tocsin: major: Middle: this is Middle [a:1]');
    await post({ name: 'Middle', severity: 'major', labels: { instance: 'b:1' } });
    const both = await arrived('operations@example.org', ({ length }) => length > 1);
    expect(both[1]?.subject).toBe('Tocsin: 2 alerts');
    const endsAt = new Date().toISOString();
    await post(...['a:1', 'b:1'].map((instance) => ({ name: 'Middle', severity: 'major', labels: { instance }, endsAt })));
    const over = await arrived('operations@example.org', ({ length }) => length > 2);
    expect(over[2]?.subject).toBe('Tocsin: over: 2 alerts');
  });

  it('does not report what another alert explains', async () => {
    await post({ name: 'RoleDown', severity: 'critical', labels: { instance: 'mailer:9464' } });
    await post(
      { name: 'PartProblem', severity: 'major', labels: { instance: 'mailer:9464', part: 'mailer' } },
      { name: 'PartProblem', severity: 'major', labels: { instance: 'archiver:9464', part: 'archiver' } },
    );
    const [told] = await arrived('operations@example.org', ({ length }) => length > 0);
    expect(told?.text?.match(/^major {2}PartProblem: /gm)).toHaveLength(1);
    const active = (await (await fetch(`${alertmanager.url}/api/v2/alerts?inhibited=true&active=false`)).json()) as { labels: object }[];
    expect(active.map(({ labels }) => labels)).toEqual([expect.objectContaining({ alertname: 'PartProblem', instance: 'mailer:9464' })]);
  });
});

describe('an alert rule', () => {
  it('reaches the mailbox of those on call when no status comes in, and again when it is over; the keep-alive comes again and again', async () => {
    const sensors = await startExporter();
    const prometheus = await watch(`127.0.0.1:${sensors.port}`, 'proxy');
    try {
      const [first] = await arrived('on-call@example.org', ({ length }) => length > 0);
      expect(first?.subject).toBe('Tocsin: critical: NoStatuses: No status of a sensor has come in for a minute');
      expect(first?.text).toMatch(/since \d{4}-\d\d-\d\d [\d:]{8} UTC\n {2}what to do: docs\/alerts\.md#nostatuses/);
      sensors.send();
      const later = await arrived('on-call@example.org', (all) => all.some(({ subject }) => subject?.includes('over')));
      expect(later.at(-1)?.text).toMatch(/^OVER\ncritical {2}NoStatuses: /);
      const alive = await arrived('keep-alive@example.org', ({ length }) => length >= 2);
      expect(alive.length).toBeGreaterThanOrEqual(2);
      expect(mails('operations@example.org').filter(({ text }) => text?.includes('Watchdog'))).toEqual([]);
    } finally {
      await prometheus.stop();
      sensors.server.close();
    }
  });

  it('reports a process that dies again and again, and is back at once, in one mail', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'unsteady-'));
    const system = await SystemProcess.create({ dataDir: folder });
    await system.start();
    const address = system.ingestUrl.replace('http://', '');
    const prometheus = await watch(address, 'all');
    const starts = async (): Promise<number> =>
      Number((await prometheus.query('1 + changes(process_start_time_seconds{job="tocsin"}[15m])'))[0]?.value[1] ?? 0);
    const told = (): string[] => mails('on-call@example.org').map(({ subject }) => subject ?? '');
    try {
      for (let start = 1; start <= 4; start += 1) {
        if (start > 1) await system.start();
        expect(await eventually(DEADLINE_MS, starts, (count) => count >= start)).toBe(start);
        if (start < 4) {
          expect(told().filter((subject) => subject.includes('RoleUnsteady'))).toEqual([]);
          await system.end('SIGKILL');
        }
      }
      const subject = `Tocsin: critical: RoleUnsteady: all on ${address} is started again and again [${address} tocsin all]`;
      await arrived('on-call@example.org', (all) => all.some((mail) => mail.subject === subject));
      expect(told().filter((text) => text.includes('RoleUnsteady'))).toEqual([subject]);
    } finally {
      await prometheus.stop();
      await system.end('SIGKILL');
      await rm(folder, { recursive: true, force: true });
    }
  });
});

/** Prometheus with the shipped rules, scraping one process. */
const watch = (target: string, role: string): Promise<Prometheus> =>
  startPrometheus(`
global: { scrape_interval: 1s, evaluation_interval: 1s }
rule_files: ['${join(DEPLOY, 'prometheus/rules')}/*.yml']
alerting: { alertmanagers: [{ static_configs: [{ targets: ['${alertmanager.url.replace('http://', '')}'] }] }] }
scrape_configs: [{ job_name: tocsin, static_configs: [{ targets: ['${target}'], labels: { role: ${role} } }] }]
`);

/** The metrics of a proxy that receives no status until `send`. */
async function startExporter(): Promise<{ readonly port: number; readonly server: Server; send(): void }> {
  let sending = false;
  let count = 0;
  const server = createServer((_, response) => {
    if (sending) count += 10;
    response.setHeader('content-type', 'text/plain');
    response.end(`# TYPE tocsin_ingest_records_total counter\ntocsin_ingest_records_total{topic="ENTRY",outcome="accepted"} ${count}\n`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    server,
    send: () => {
      sending = true;
    },
  };
}
