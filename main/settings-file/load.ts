import { ConfigurationError, readValues } from '../../runtime/configuration.ts';
import { processSettings } from '../../runtime/process-settings.ts';
import { ROLE_NAMES, type RoleName } from '../roles.ts';
import { SETTING_NAMES } from '../settings.ts';
import { defaultsOf } from './part.ts';
import { type FileSettings, PARTS } from './parts.ts';
import type { FileProblem } from './read.ts';
import { settingsText } from './text.ts';

const PROBLEMS_MAX = 20;

export interface SettingsFile {
  /** The path of the file; undefined: there is none, and the settings are the defaults. */
  readonly path: string | undefined;
  readonly settings: FileSettings;
}

/**
 * Reads the settings file that `named` says, or tocsin.yaml in the folder if there is one. Rejects with ConfigurationError, with all problems in the parts that
 * these roles need.
 */
export async function loadSettingsFile(named: string | undefined, roles: ReadonlySet<RoleName>, folder = '.'): Promise<SettingsFile> {
  const file = settingsText(named, folder);
  if (!file) return { path: undefined, settings: defaultsOf(PARTS) };
  // The YAML parser is loaded only if there is something to parse.
  const { readParts } = await import('./read.ts');
  const { values, problems } = readParts(PARTS, file.text);
  const stopping = problems.filter(({ stops }) => stops === 'every role' || stops.some((role) => roles.has(role)));
  if (stopping.length > 0) throw new ConfigurationError(linesOf(file.path, stopping));
  return { path: file.path, settings: values };
}

/** For programs that need no other configuration; TOCSIN_SETTINGS says where the file is. Rejects like `loadSettingsFile` for all roles. */
export async function loadOnlySettingsFile(environment: NodeJS.ProcessEnv): Promise<SettingsFile> {
  const { settingsFile } = processSettings;
  const values = readValues([{ settingsFile }], environment, SETTING_NAMES);
  return await loadSettingsFile(values.get(settingsFile), new Set(ROLE_NAMES));
}

function linesOf(path: string, problems: readonly FileProblem[]): string[] {
  const lines = problems.slice(0, PROBLEMS_MAX).map(({ line, column, problem }) => `${path}:${line}:${column}: ${problem}`);
  return problems.length > PROBLEMS_MAX ? [...lines, `${path}: and ${problems.length - PROBLEMS_MAX} more`] : lines;
}
