/** Bundles of programs, kept by the content of every source that went into them. Packages stay outside. */
import { createHash, randomUUID } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Of other versions of the sources; processes that still run may load parts of theirs. */
const KEPT_MAX = 16;
const RECIPE = 2;

const cacheOf = (root) => join(root, 'node_modules', '.cache', 'tocsin');
const keyOf = (root) => `${RECIPE} ${root} ${process.versions.node.split('.')[0]}`;
const digest = (data) => createHash('sha256').update(data).digest('hex').slice(0, 32);
const manifestOf = (root, program) => join(cacheOf(root), `${relative(root, program).replace(/[\\/]/g, '_')}.json`);

/** The path of the bundle, if one was kept and no source has changed since. */
export function keptBundle(root, program) {
  try {
    const { key, entry, sources } = JSON.parse(readFileSync(manifestOf(root, program), 'utf8'));
    if (key !== keyOf(root) || !existsSync(entry)) return undefined;
    for (const [path, hash] of Object.entries(sources)) if (digest(readFileSync(join(root, path))) !== hash) return undefined;
    return entry;
  } catch {
    return undefined;
  }
}

/** Resolves with the bundle's path. Written aside and renamed: several processes may do it at once. */
export async function makeBundle(root, program) {
  const { build } = await import('esbuild');
  const cache = cacheOf(root);
  const aside = join(cache, `making-${randomUUID()}`);
  try {
    const sources = await bundleInto(aside, root, program, build);
    const hash = digest(JSON.stringify([keyOf(root), sources]));
    const folder = join(cache, hash);
    const entry = join(folder, 'program.mjs');
    if (!existsSync(entry)) await rename(aside, folder).catch((error) => existsSync(entry) || Promise.reject(error));
    const manifest = manifestOf(root, program);
    await writeFile(`${aside}.json`, JSON.stringify({ key: keyOf(root), entry, sources }));
    await rename(`${aside}.json`, manifest);
    await removeOld(cache, hash);
    return entry;
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
}

async function bundleInto(outdir, root, program, build) {
  const read = new Map();
  /** Sources find files beside them by their own address, wherever the bundle lies; what is remembered is what was read. */
  const keepAddress = {
    name: 'keep-address',
    setup({ onLoad }) {
      onLoad({ filter: /\.ts$/ }, async ({ path }) => {
        const source = await readFile(path, 'utf8');
        read.set(relative(root, path), digest(source));
        const addresses = { url: pathToFileURL(path).href, dirname: dirname(path), filename: path };
        const contents = source.replace(/\bimport\.meta\.(url|dirname|filename)\b/g, (_, name) => JSON.stringify(addresses[name]));
        return { loader: 'ts', contents };
      });
    },
  };
  await mkdir(outdir, { recursive: true });
  await build({
    entryPoints: { program },
    absWorkingDir: root,
    outdir,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    outExtension: { '.js': '.mjs' },
    chunkNames: '[name]-[hash]',
    sourcemap: true,
    sourcesContent: false,
    logLevel: 'silent',
    plugins: [keepAddress],
  });
  return Object.fromEntries([...read].sort(([a], [b]) => (a < b ? -1 : 1)));
}

async function removeOld(cache, current) {
  const folders = readdirSync(cache)
    .filter((name) => /^[0-9a-f]{32}$/.test(name) && name !== current)
    .map((name) => ({ path: join(cache, name), at: statSync(join(cache, name)).mtimeMs }))
    .sort((a, b) => b.at - a.at);
  for (const { path } of folders.slice(KEPT_MAX)) await rm(path, { recursive: true, force: true });
}
