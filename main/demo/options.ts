import { integer, decimal, port } from '../../runtime/configuration.ts';
import { option, type OptionsOf, text } from '../../runtime/command-line.ts';
import { MINUTES_MAX } from '../../simulator/options.ts';

export const DEMO_OPTIONS = {
  minutes: option('N', decimal(0.1, MINUTES_MAX).optional(), 'how long (default: until Ctrl-C)'),
  sensors: option('N', integer(100, 1_000_000), 'size of the fleet; each reports every 20 seconds', '50000'),
  seed: option('N', integer(0, 2 ** 32 - 1), 'another seed, other alarms', '1'),
  'ingest-port': option('PORT', port.optional(), 'where sensors report; 0: any free one (default: TOCSIN_INGEST_PORT or 19092)'),
  'console-port': option('PORT', port.optional(), 'where the console is; 0: any free one (default: TOCSIN_CONSOLE_PORT or 8080)'),
  data: option('DIR', text, 'folder for everything that is kept (default: TOCSIN_DATA_DIR or ./data/demo)'),
};

export type DemoOptions = OptionsOf<typeof DEMO_OPTIONS>;
