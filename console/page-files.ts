import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Request, RequestHandler, Response } from 'express';
import { afterStart } from '../runtime/after-start.ts';
import { reasonOf } from '../runtime/errors.ts';
import type { Health } from '../runtime/health.ts';
import type { Logger } from '../runtime/logging.ts';

interface PageFile {
  readonly type: string;
  readonly plain: Buffer;
  readonly gzipped: Buffer;
  /** Its name contains its hash, so it never changes. */
  readonly immutable: boolean;
}

type PageFiles = ReadonlyMap<string, PageFile>;

const TYPES: Readonly<Record<string, string>> = {
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  json: 'application/json',
  svg: 'image/svg+xml',
  html: 'text/html; charset=utf-8',
};
const SOURCES = fileURLToPath(new URL('../page/', import.meta.url));
const PART = 'console-page';

/** Shared by all consoles of a process, because stopping esbuild's service after one build would end the build of another. */
let bundled: Promise<PageFiles> | undefined;

/** Bundles the page in memory, once, after the start or on the first request, which waits for it. Nothing generated is written to disk. */
export function startPage(health: Health, logger: Logger, signal: AbortSignal): { readonly serve: RequestHandler } {
  let own: Promise<PageFiles> | undefined;
  const built = (): Promise<PageFiles> => {
    if (own) return own;
    bundled ??= bundle();
    own = bundled;
    own.catch((error: unknown) => {
      health.report(PART, `the page cannot be built: ${reasonOf(error)}`);
      logger.error({ reason: reasonOf(error) }, 'the page cannot be built: the API works without it');
    });
    return own;
  };
  void afterStart(signal).then((on) => {
    if (on) void built();
  });
  const serve: RequestHandler = async (request, response) => {
    const path = request.path === '/sign-in' ? '/' : request.path;
    const file = (await built()).get(path);
    if (!file) response.status(404).type('text/plain').send('There is no such page.\n');
    else if (request.method !== 'GET' && request.method !== 'HEAD') response.status(405).set('allow', 'GET, HEAD').end();
    else sendFile(file, request, response);
  };
  return { serve };
}

function sendFile({ type, plain, gzipped, immutable }: PageFile, request: Request, response: Response): void {
  const small = request.acceptsEncodings('gzip') === 'gzip';
  const bytes = small ? gzipped : plain;
  response.writeHead(200, {
    'content-type': type,
    'content-length': bytes.length,
    'cache-control': immutable ? 'public, max-age=31536000, immutable' : 'no-store',
    vary: 'accept-encoding',
    ...(small ? { 'content-encoding': 'gzip' } : {}),
  });
  response.end(request.method === 'HEAD' ? undefined : bytes);
}

async function bundle(): Promise<PageFiles> {
  const [built, land, icon] = await Promise.all([
    buildScripts(),
    readFile(createRequire(import.meta.url).resolve('world-atlas/land-110m.json')),
    readFile(`${SOURCES}icon.svg`),
  ]);
  const names = { land: hashed('land', 'json', land), icon: hashed('icon', 'svg', icon) };
  const files = new Map<string, PageFile>();
  for (const { path, contents } of built) files.set(path, await pageFile(path, Buffer.from(contents), true));
  files.set(names.land, await pageFile(names.land, land, true));
  files.set(names.icon, await pageFile(names.icon, icon, true));
  const script = built.find(({ path }) => path.startsWith('/index-') && path.endsWith('.js'))?.path ?? '';
  const style = built.find(({ path }) => path.startsWith('/index-') && path.endsWith('.css'))?.path ?? '';
  files.set('/', await pageFile('/index.html', Buffer.from(html({ script, style, ...names })), false));
  return files;
}

async function buildScripts(): Promise<{ path: string; contents: Uint8Array }[]> {
  const { build, stop: stopEsbuild } = await import('esbuild');
  try {
    const { outputFiles } = await build({
      entryPoints: [`${SOURCES}index.tsx`],
      bundle: true,
      write: false,
      minify: true,
      splitting: true,
      format: 'esm',
      target: 'es2022',
      outdir: '/',
      entryNames: '[name]-[hash]',
      chunkNames: '[name]-[hash]',
      jsx: 'automatic',
      jsxImportSource: 'preact',
      legalComments: 'none',
      logLevel: 'silent',
    });
    return outputFiles.map(({ path, contents }) => ({ path: path.replace(/^.*[\\/]/, '/'), contents }));
  } finally {
    // Ends its helper process, which is no longer needed.
    await stopEsbuild();
  }
}

const hashed = (name: string, extension: string, contents: Buffer): string =>
  `/${name}-${createHash('sha256').update(contents).digest('hex').slice(0, 12)}.${extension}`;

async function pageFile(path: string, plain: Buffer, immutable: boolean): Promise<PageFile> {
  const type = TYPES[path.replace(/^.*\./, '')] ?? 'application/octet-stream';
  return { type, plain, immutable, gzipped: await promisify(gzip)(plain, { level: 9 }) };
}

const html = (names: { script: string; style: string; land: string; icon: string }): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="dark">
<meta name="land" content="${names.land}">
<title>Tocsin</title>
<link rel="icon" href="${names.icon}" type="image/svg+xml">
<link rel="stylesheet" href="${names.style}">
<script type="module" src="${names.script}"></script>
</head>
<body>
<div id="app"></div>
<noscript>The console needs JavaScript; the API under /api works without it.</noscript>
</body>
</html>
`;
