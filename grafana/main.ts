import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { allDashboards, CONSOLE_URL, textOf } from './dashboards.ts';

const HELP = `Usage: npm run dashboards [-- --console URL] [--out FOLDER]

Writes Grafana's dashboards as JSON.
  --console URL  where browsers reach the operators' console; default ${CONSOLE_URL}
  --out FOLDER   default grafana/dashboards; what lies in it is replaced
`;

const { values } = parseArgs({
  options: { console: { type: 'string' }, out: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
});
if (values.help) process.stdout.write(HELP);
else await write(values.out ?? 'grafana/dashboards', values.console ?? CONSOLE_URL);

async function write(folder: string, consoleUrl: string): Promise<void> {
  const dashboards = allDashboards(new URL(consoleUrl).origin);
  for (const top of new Set([...dashboards.keys()].map(dirname))) await rm(join(folder, top), { recursive: true, force: true });
  for (const [file, board] of dashboards) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeFile(join(folder, file), textOf(board));
  }
  process.stdout.write(`${dashboards.size} dashboards in ${folder}\n`);
}
