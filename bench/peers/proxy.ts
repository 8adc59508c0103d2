/** Only the proxy, on the embedded log. BENCH_DURABLE=off leaves out the sync to disk, to show what durability costs. */
import { Registry } from 'prom-client';
import { BUILT_IN_TYPES } from '../../alarm/alarm-type.ts';
import { TypeSet } from '../../alarm/type-set.ts';
import { logSettings } from '../../message-log/config.ts';
import { openEmbeddedLog } from '../../message-log/embedded/log.ts';
import { openStore } from '../../message-log/embedded/store.ts';
import { proxySettings } from '../../proxy/config.ts';
import { startProxy } from '../../proxy/proxy.ts';
import { systemClock } from '../../runtime/clock.ts';
import { readValues } from '../../runtime/configuration.ts';
import { Health } from '../../runtime/health.ts';
import { createLogger } from '../../runtime/logging.ts';
import { processSettings } from '../../runtime/process-settings.ts';
import { operationsAccessOf } from '../../main/operations-access.ts';
import { rolesOf } from '../../main/roles.ts';
import { SETTING_NAMES } from '../../main/settings.ts';

const config = readValues([processSettings, logSettings, proxySettings], process.env, SETTING_NAMES);
const deps = {
  clock: systemClock,
  removalClock: systemClock,
  logger: await createLogger({ level: 'warn', format: 'json' }),
  registry: new Registry(),
  health: new Health(),
};
const store = await openStore(config.get(processSettings.dataDir), { durable: process.env.BENCH_DURABLE !== 'off' });
const log = await openEmbeddedLog(store, { ...deps, ...config.of(logSettings), partitions: 1 });
const proxy = await startProxy(
  { ...config.of(proxySettings), host: config.get(processSettings.host) },
  {
    ...deps,
    operationsAccess: operationsAccessOf({ roles: rolesOf(['proxy']), values: config }, deps),
    log,
    types: new TypeSet(BUILT_IN_TYPES),
  },
);
process.send?.({ ingestPort: proxy.port });
process.on('SIGTERM', () => {
  void proxy
    .stop()
    .then(() => log.close())
    .then(() => store.close())
    .then(() => process.exit(0));
});
