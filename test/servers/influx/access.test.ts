/** Who may write, and over which connections. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkInflux, prepareInflux } from '../../../history/influx/prepare.ts';
import { influxConfig, influxHistory } from '../../support/influx-rig.ts';
import { type Certificates, makeCertificates } from '../../support/servers/certificates.ts';
import { type InfluxServer, startInflux } from '../../support/servers/influx.ts';

const quiet = { sensor: 7, geohash: 'u10j1xx00', region: 'UK', active: [], at: Date.UTC(2026, 10, 24, 12) } as const;
const refused = { name: 'TransientError', code: 'history-misconfigured' };

describe('InfluxDB 1.6 with TLS and users', () => {
  let folder: string;
  let certificates: Certificates;
  let server: InfluxServer;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'influx-access-'));
    certificates = await makeCertificates(folder, 'influx');
    server = await startInflux('1.6', { certificates, user: { name: 'tocsin', password: 's3:cret' } });
  });
  afterAll(async () => {
    await server?.destroy();
    await rm(folder, { recursive: true });
  });

  const configOf = (password: string, caFile: string | undefined) => influxConfig(server.url, { user: 'tocsin', password, caFile });

  it('accepts points of a user with the right password, over a trusted connection', async () => {
    const config = configOf('s3:cret', certificates.caFile);
    expect(await prepareInflux(config)).toBe('InfluxDB 1.6.7~rc0: database tocsin keeps points for 365 days');
    const { history, close } = influxHistory(config);
    await history.writeStates([quiet]);
    expect(await history.state(7)).toEqual(quiet);
    await close();
  });

  it('gets no password if its certificate is not trusted', async () => {
    const { history, close } = influxHistory(configOf('s3:cret', undefined));
    await expect(history.writeStates([quiet])).rejects.toMatchObject({
      code: 'history-unavailable',
      message: expect.stringMatching(/certificate/),
    });
    await close();
  });

  it('refuses a wrong password, which is reported in plain words', async () => {
    const config = configOf('wrong', certificates.caFile);
    const { history, lines, close } = influxHistory(config);
    await expect(history.writeStates([quiet])).rejects.toMatchObject(refused);
    await expect(history.state(7)).rejects.toMatchObject(refused);
    await expect(prepareInflux(config)).rejects.toMatchObject(refused);
    expect(await checkInflux(config)).toContain('InfluxDB refuses the log-in');
    expect(lines.filter(({ level }) => level === 50)).toHaveLength(1);
    await close();
  });

  it('is not asked at all if the file of the authority is missing', () => {
    expect(() => influxHistory(configOf('s3:cret', '/nowhere/ca.pem'))).toThrow(/TOCSIN_INFLUX_CA/);
  });
});

describe('InfluxDB 2.7', () => {
  let server: InfluxServer;
  beforeAll(async () => {
    server = await startInflux('2.7');
  }, 900_000);
  afterAll(() => server?.destroy());

  it('refuses a wrong token and an organisation that it does not know', async () => {
    const { token } = server;
    await prepareInflux(influxConfig(server.url, { token }));
    const wrong = influxConfig(server.url, { token: 'wrong' });
    const { history, close } = influxHistory(wrong);
    await expect(history.writeStates([quiet])).rejects.toMatchObject(refused);
    await expect(history.counts(0, 1, undefined)).rejects.toMatchObject(refused);
    await expect(prepareInflux(wrong)).rejects.toMatchObject(refused);
    const elsewhere = influxConfig(server.url, { token, org: 'nobody', bucket: 'new' });
    await expect(prepareInflux(elsewhere)).rejects.toMatchObject({
      name: 'PermanentError',
      message: expect.stringContaining('TOCSIN_INFLUX_ORG'),
    });
    await close();
  });
});
