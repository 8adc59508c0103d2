import { defineConfig } from 'vitest/config';

const project = (name: string, extra: object = {}) => ({
  test: { name, include: [`test/${name}/**/*.test.ts`], environment: 'node' as const, ...extra },
});

export default defineConfig({
  test: {
    projects: [
      project('unit'),
      project('contract', { testTimeout: 30_000 }),
      project('e2e', { testTimeout: 60_000, hookTimeout: 60_000, fileParallelism: false }),
      project('integration', { testTimeout: 120_000, hookTimeout: 120_000, fileParallelism: false }),
      project('servers', { testTimeout: 120_000, hookTimeout: 300_000, fileParallelism: false }),
      project('fire', { testTimeout: 1_800_000, hookTimeout: 120_000, fileParallelism: false }),
    ],
  },
});
