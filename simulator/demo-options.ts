import { Checks, helpOf, type Option, tokensOf } from './options.ts';

export interface DemoOptions {
  /** Infinity: until it is interrupted. */
  readonly minutes: number;
  readonly sensors: number;
  readonly seed: number;
  readonly ingestPort: number | undefined;
  readonly consolePort: number | undefined;
  readonly data: string | undefined;
}

const OPTIONS = {
  minutes: { placeholder: 'N', help: 'how long (default: until Ctrl-C)' },
  sensors: { placeholder: 'N', help: 'size of the fleet; each reports every 20 seconds (default 50000)' },
  seed: { placeholder: 'N', help: 'another seed, other alarms (default 1)' },
  'ingest-port': { placeholder: 'PORT', help: 'where sensors report (default: TOCSIN_INGEST_PORT or 19092; 0: any)' },
  'console-port': { placeholder: 'PORT', help: 'where the console is (default: TOCSIN_CONSOLE_PORT or 8080; 0: any)' },
  data: { placeholder: 'DIR', help: 'what is kept (default: TOCSIN_DATA_DIR or ./data/demo)' },
  help: { help: 'shows this' },
} as const satisfies Record<string, Option>;

export const DEMO_HELP = `Shows the whole system alive: starts it, with sample clients, and a simulated fleet that reports to it.

  npm run demo -- --minutes 5

${helpOf(OPTIONS)}

Ctrl-C stops the fleet, compares the alarms and mails with what must have been, and stops the system. Ends with 0 when they are exactly that.`;

export type ParsedDemo =
  | { readonly kind: 'options'; readonly options: DemoOptions }
  | { readonly kind: 'help' }
  | { readonly kind: 'problems'; readonly problems: readonly string[] };

/** Reads the command line of the demo; all that is wrong with it at once. */
export function parseDemoOptions(args: readonly string[]): ParsedDemo {
  const { values, problems } = tokensOf(args, OPTIONS);
  if (values.has('help')) return { kind: 'help' };
  const check = new Checks(values, problems);
  const port = (name: string) => (values.has(name) ? check.number(name, 0, 0, 65_535) : undefined);
  const options: DemoOptions = {
    minutes: values.has('minutes') ? check.number('minutes', 0, 0.1, 7 * 24 * 60, false) : Number.POSITIVE_INFINITY,
    sensors: check.number('sensors', 50_000, 100, 1_000_000),
    seed: check.number('seed', 1, 0, 2 ** 32 - 1),
    ingestPort: port('ingest-port'),
    consolePort: port('console-port'),
    data: values.get('data'),
  };
  return problems.length > 0 ? { kind: 'problems', problems } : { kind: 'options', options };
}
