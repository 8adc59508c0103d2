import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { allDashboards, CONSOLE_URL, textOf } from '../../grafana/dashboards.ts';
import { command, option } from '../../runtime/command-line.ts';
import { readEnvironment } from '../../runtime/environment.ts';
import { runProgram } from '../../runtime/program.ts';
import { loadOnlySettingsFile } from '../settings-file/load.ts';

const origin = z
  .string()
  .refine((text) => /^https?:/.test(text) && URL.canParse(text), 'must be a URL such as https://alarms.example.org')
  .transform((text) => new URL(text).origin);

const DASHBOARDS = command({
  name: 'npm run dashboards',
  summary: "Writes Grafana's dashboards as JSON, with the types of alarms of the settings file.",
  options: {
    console: option('URL', origin, "where browsers reach the operators' console", CONSOLE_URL),
    out: option('FOLDER', z.string().min(1), 'where they go; dashboards that lie there are replaced', 'grafana/dashboards'),
  },
  run: async ({ options }) => {
    const { settings } = await loadOnlySettingsFile(readEnvironment());
    const dashboards = allDashboards(options.console, settings.types);
    for (const top of new Set([...dashboards.keys()].map(dirname))) await rm(join(options.out, top), { recursive: true, force: true });
    for (const [file, board] of dashboards) {
      await mkdir(dirname(join(options.out, file)), { recursive: true });
      await writeFile(join(options.out, file), textOf(board));
    }
    process.stdout.write(`${dashboards.size} dashboards in ${options.out}\n`);
    return 0;
  },
});

await runProgram(DASHBOARDS, process.argv.slice(2));
