import { type DiagnosisDeps, type Finding, fine, wrong } from '../../runtime/diagnosis.ts';
import { reasonOf } from '../../runtime/errors.ts';
import type { InfluxConfig } from './config.ts';
import { type Headers, openConnection } from './connection.ts';
import { checkInflux } from './prepare.ts';

const NAME = 'InfluxDB';
/** More than for others, since the answer's date is in whole seconds. */
const CLOCK_DIFFERENCE_MAX_MS = 2_500;

/** Checks the server, its clock, the bucket and the right to use it. See DiagnosisDeps. */
export async function diagnoseInflux(config: InfluxConfig, { clock, timeoutMs }: DiagnosisDeps): Promise<readonly Finding[]> {
  const quick = { ...config, timeoutMs: Math.min(config.timeoutMs, timeoutMs) };
  const findings: Finding[] = [];
  try {
    const headers = await ping(quick);
    const version = String(headers['x-influxdb-version'] ?? '').replace(/^v/, '');
    if (!/^\d/.test(version))
      return [wrong(`${NAME} ${config.url}`, 'what answers there is not InfluxDB', 'set TOCSIN_INFLUX_URL to the address of InfluxDB')];
    findings.push(fine(`${NAME} ${config.url}`, `version ${version}, ${loginOf(config)}`), clockFinding(headers.date, clock()));
    const problem = await checkInflux(quick);
    const check = `${NAME} bucket ${config.bucket}`;
    const advice =
      'npm run schema creates it; for a refused log-in see TOCSIN_INFLUX_TOKEN (2.x, 3) or TOCSIN_INFLUX_USER and _PASSWORD (1.x)';
    findings.push(problem === undefined ? fine(check, 'can be used') : wrong(check, problem, advice));
  } catch (error) {
    findings.push(
      wrong(`${NAME} ${config.url}`, reasonOf(error), 'start it, or set TOCSIN_INFLUX_URL to an address that can be reached from here'),
    );
  }
  return findings;
}

async function ping(config: InfluxConfig): Promise<Headers> {
  const connection = openConnection(config);
  let seen: Headers = {};
  try {
    await connection.request({ method: 'GET', path: '/ping' }, (headers) => {
      seen = headers;
    });
    return seen;
  } finally {
    connection.close();
  }
}

function loginOf({ token, user }: InfluxConfig): string {
  if (token !== undefined) return 'with a token';
  return user === undefined ? 'no log-in' : `signed in as ${user}`;
}

function clockFinding(date: string | string[] | undefined, now: number): Finding {
  const check = `${NAME} clock`;
  const ahead = Date.parse(String(date)) - now;
  if (Number.isNaN(ahead)) return fine(check, 'not known: its answer has no date');
  return Math.abs(ahead) <= CLOCK_DIFFERENCE_MAX_MS
    ? fine(check, 'agrees with the one here')
    : wrong(
        check,
        `${Math.round(Math.abs(ahead) / 1_000)} s ${ahead > 0 ? 'ahead of' : 'behind'} the one here`,
        'synchronize both machines by NTP',
      );
}
