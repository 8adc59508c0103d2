import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pinned } from './server.ts';

export interface WrkResult {
  /** Answered requests; a few more may have been under way at the end. */
  readonly requests: number;
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export interface WrkLoad {
  readonly connections: number;
  readonly seconds: number;
  /** Statuses in one POST; 1: an object, more: an array. */
  readonly batch: number;
  /** `free`: the system chooses the core; for benches in which more than two processes share the machine. */
  readonly where?: 'pinned' | 'free';
}

/** Statuses of sensors 1 to 50,000 in a scattered order, all quiet, as nearly every status is. */
const LUA = (batch: number): string => `
local id = 0
local function status()
  id = (id + 7919) % 50000
  return '{"id":' .. (id + 1) .. ',"motion":false,"smoke":false,"temperature":21.5,"maxTemperature":30.0}'
end
local body = {}
for i = 1, 500 do
  ${batch === 1 ? 'body[i] = status()' : `local members = {} for j = 1, ${batch} do members[j] = status() end body[i] = '[' .. table.concat(members, ',') .. ']'`}
end
local n = 0
wrk.method = 'POST'
wrk.headers['Content-Type'] = 'application/json'
request = function()
  n = n % 500 + 1
  return wrk.format(nil, '/entry', nil, body[n])
end
done = function(summary, latency)
  local errors = summary.errors
  io.write(string.format('RESULT %d %d %d %d %d', summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
`;

/** Closed-loop load on POST /entry, from the second core unless it is `free`. Throws if a single request fails. */
export function wrk(folder: string, port: number, { connections, seconds, batch, where }: WrkLoad): WrkResult {
  const script = join(folder, `load-${batch}.lua`);
  writeFileSync(script, LUA(batch));
  const commandLine = ['-t1', `-c${connections}`, `-d${seconds}s`, '-s', script, `http://127.0.0.1:${port}/entry`];
  const [command, args] = where === 'free' ? ['wrk', commandLine] : pinned(1, 'wrk', commandLine);
  const { stdout, error, status } = spawnSync(command, args, { encoding: 'utf8' });
  if (error || status !== 0) throw new Error(`wrk did not run (Debian: apt-get install wrk): ${error?.message ?? stdout}`);
  const result = /RESULT (\d+) (\d+) (\d+) (\d+) (\d+)/.exec(stdout);
  if (!result) throw new Error(`wrk printed no result: ${stdout}`);
  const [requests = 0, micros = 1, p50 = 0, p99 = 0, errors = 0] = result.slice(1).map(Number);
  if (errors > 0) throw new Error(`${errors} of ${requests} requests failed`);
  return { requests, requestsPerSecond: requests / (micros / 1e6), p50Ms: p50 / 1_000, p99Ms: p99 / 1_000 };
}
