/** Prints the keys of sensors: `npm run sensor-key -- 42959`. */
import { SENSOR_ID_MAX } from '../../alarm/status.ts';
import { ConfigurationError, readSettings } from '../../runtime/configuration.ts';
import { proxySettings } from '../../proxy/config.ts';
import { sensorKey } from '../../proxy/intake/credentials.ts';

const HELP = `Prints the keys that sensors authenticate with, one line "id key" each.

  npm run sensor-key -- ID...

  ID           a sensor's id, or a range such as 1-50000
  -h, --help   this text

The keys derive from TOCSIN_SENSOR_MASTER_SECRET (environment or .env). A sensor sends its key with each request, as
"Authorization: Bearer KEY" or "X-Tocsin-Key: KEY". Whoever has the key can send for this sensor and no other.
`;

function main(args: readonly string[]): number {
  if (args.length === 0 || args.includes('--help') || args.includes('-h')) {
    process.stdout.write(HELP);
    return args.length === 0 ? 2 : 0;
  }
  const secret = masterSecret();
  for (const argument of args) {
    const [, first, last] = /^(\d{1,10})(?:-(\d{1,10}))?$/.exec(argument) ?? [];
    const from = Number(first);
    const to = Number(last ?? first);
    if (first === undefined || to > SENSOR_ID_MAX || from > to) {
      process.stderr.write(`${argument} is not a sensor's id (0 to ${SENSOR_ID_MAX}) or a range of them; see --help\n`);
      return 2;
    }
    for (let id = from; id <= to; id += 1) process.stdout.write(`${id} ${sensorKey(secret, id)}\n`);
  }
  return 0;
}

function masterSecret(): string {
  try {
    process.loadEnvFile();
  } catch {
    // No .env file: the environment has to do.
  }
  const { masterSecret: setting } = proxySettings;
  const { masterSecret: secret } = readSettings({ masterSecret: setting }, { [setting.name]: process.env[setting.name] });
  if (secret === undefined) throw new ConfigurationError([`${setting.name} is not set: there is nothing to derive keys from`]);
  return secret;
}

try {
  process.exitCode = main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof ConfigurationError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
}
