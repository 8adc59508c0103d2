import { configDefaults, defineConfig } from 'vitest/config';
import { BROWSER } from './test/support/browser-path.ts';

/** What comes about in its own time may take long on a busy machine; a test that passes waits no longer for it. */
const PATIENT = { timeout: 10_000, interval: 20 };

/** Node and npm are enough for `npm test`: what needs a browser is left out where there is none, and says so. */
const WITHOUT_BROWSER = BROWSER === undefined ? ['test/e2e/console-page*.test.ts'] : [];
if (BROWSER === undefined) process.stderr.write('There is no Chromium here: the tests of the page are left out.\n');

const project = (name: string, extra: object = {}) => ({
  test: { name, include: [`test/${name}/**/*.test.ts`], environment: 'node' as const, expect: { poll: PATIENT }, ...extra },
});

/** `isolate: false`: no test changes what a module holds, so all files of a worker share what they import, and half of the time is saved. */
export default defineConfig({
  test: {
    projects: [
      project('unit', { testTimeout: 30_000, isolate: false, maxWorkers: '150%' }),
      project('contract', { testTimeout: 30_000, isolate: false, maxWorkers: '150%' }),
      project('e2e', { exclude: [...configDefaults.exclude, ...WITHOUT_BROWSER], testTimeout: 60_000, hookTimeout: 60_000, maxWorkers: 2 }),
      project('integration', { testTimeout: 120_000, hookTimeout: 120_000, fileParallelism: false }),
      project('servers', {
        testTimeout: 120_000,
        hookTimeout: 300_000,
        fileParallelism: false,
        isolate: false,
        globalSetup: 'test/support/servers/temporary-folder.ts',
      }),
      project('waiting', { testTimeout: 900_000, hookTimeout: 300_000, maxWorkers: 2 }),
      project('fire', { testTimeout: 1_800_000, hookTimeout: 120_000, fileParallelism: false }),
    ],
  },
});
