/** Prints the keys of sensors: `npm run sensor-key -- 42959`. */
import { SENSOR_ID_MAX } from '../../alarm/status.ts';
import { proxySettings } from '../../proxy/config.ts';
import { sensorKey } from '../../proxy/intake/credentials.ts';
import type { VersionedSecret } from '../../runtime/versioned-secrets.ts';
import { command, option, UsageError } from '../../runtime/command-line.ts';
import { ConfigurationError, integer, readSettings } from '../../runtime/configuration.ts';
import { readEnvironment } from '../../runtime/environment.ts';
import { runProgram } from '../../runtime/program.ts';
import { SETTING_NAMES } from '../settings.ts';

const SENSOR_KEY = command({
  name: 'npm run sensor-key',
  summary: 'Prints the keys that sensors authenticate with, one line "id key" each.',
  about: [
    `The keys derive from TOCSIN_SENSOR_MASTER_SECRET. A sensor sends its key with each request, as "Authorization: Bearer KEY" or
    "X-Tocsin-Key: KEY". Whoever has the key can send for this sensor and no other.`,
    `While the secret is changed (v2:SECRET,v1:SECRET) the keys derive from the first, which is the current one, unless --of names another.`,
  ],
  words: { name: 'ID…', help: "sensors' ids, or ranges such as 1-50000", min: 1, max: Number.POSITIVE_INFINITY },
  options: { of: option('VERSION', integer(0, 999_999).optional(), 'the version of the secret, such as 1') },
  run: async ({ options, words }) => {
    const ranges = words.map(rangeOf);
    const { secret } = masterSecret(options.of);
    for (const { from, to } of ranges) for (let id = from; id <= to; id += 1) process.stdout.write(`${id} ${sensorKey(secret, id)}\n`);
    return 0;
  },
});

function rangeOf(word: string): { readonly from: number; readonly to: number } {
  const [, first, last] = /^(\d{1,10})(?:-(\d{1,10}))?$/.exec(word) ?? [];
  const from = Number(first);
  const to = Number(last ?? first);
  if (first === undefined || to > SENSOR_ID_MAX || from > to)
    throw new UsageError([`${word} is not a sensor's id (0 to ${SENSOR_ID_MAX}) or a range of them`]);
  return { from, to };
}

function masterSecret(version: number | undefined): VersionedSecret {
  const { masterSecrets: setting } = proxySettings;
  const { secrets } = readSettings({ secrets: setting }, readEnvironment(), SETTING_NAMES);
  const chosen = version === undefined ? secrets[0] : secrets.find((each) => each.version === version);
  if (chosen) return chosen;
  throw secrets.length === 0
    ? new ConfigurationError([`${setting.name} is not set: there is nothing to derive keys from`])
    : new UsageError([`${setting.name} has no version ${version}, but ${secrets.map((each) => each.version).join(', ')}`]);
}

await runProgram(SENSOR_KEY, process.argv.slice(2));
