/** The proxy alone on the embedded log; BENCH_DURABLE=off leaves out the sync to disk, to show what durability costs. */
import { Registry } from 'prom-client';
import { openEmbeddedLog } from '../../message-log/embedded/log.ts';
import { openStore } from '../../message-log/embedded/store.ts';
import { startProxy } from '../../proxy/proxy.ts';
import { systemClock } from '../../runtime/clock.ts';
import { readGroups } from '../../runtime/configuration.ts';
import { Health } from '../../runtime/health.ts';
import { createLogger } from '../../runtime/logging.ts';
import { SETTING_NAMES, SETTINGS } from '../../main/settings.ts';

const { process: own, log: logConfig, proxy: proxyConfig } = SETTINGS;
const config = readGroups({ process: own, log: logConfig, proxy: proxyConfig }, process.env, SETTING_NAMES);
const deps = {
  clock: systemClock,
  removalClock: systemClock,
  logger: await createLogger({ level: 'warn', format: 'json' }),
  registry: new Registry(),
  health: new Health(),
};
const store = await openStore(config.process.dataDir, { durable: process.env.BENCH_DURABLE !== 'off' });
const log = await openEmbeddedLog(store, { ...deps, ...config.log, partitions: 1 });
const proxy = await startProxy({ ...config.proxy, host: config.process.host }, { ...deps, log });
process.send?.({ ingestPort: proxy.port });
process.on('SIGTERM', () => {
  void proxy
    .stop()
    .then(() => log.close())
    .then(() => store.close())
    .then(() => process.exit(0));
});
