/**
 * node … runtime/launch.mjs PROGRAM.ts ARGS: runs a program of this repository. It is bundled once and kept under node_modules/.cache, since
 * loading hundreds of sources one by one through a loader's hooks takes a second, and 40 MB for the loader's thread. Where nothing can be
 * written and nothing was kept, the sources run as they are. `--prepare PROGRAM.ts…` only bundles, for images that are read-only later.
 */
import module from 'node:module';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { keptBundle, makeBundle } from './bundle.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const [, , program, ...args] = process.argv;

if (program === '--prepare') for (const each of args) await makeBundle(ROOT, resolve(each));
else await run(resolve(program ?? 'main.ts'));

async function run(path) {
  process.argv.splice(1, 2, path);
  module.enableCompileCache?.();
  const bundle =
    keptBundle(ROOT, path) ??
    (await makeBundle(ROOT, path)
      .finally(stopEsbuild)
      .catch(() => undefined));
  if (bundle === undefined) (await import('tsx/esm/api')).register();
  else process.setSourceMapsEnabled(true);
  await import(pathToFileURL(bundle ?? path).href);
}

/** Its helper process would stay as long as this one, and ask once a second whether it is still there. */
async function stopEsbuild() {
  await (await import('esbuild')).stop();
}
