import { namesOf, type Setting, type SettingNames, type Settings } from '../runtime/configuration.ts';
import { processSettings } from '../runtime/process-settings.ts';
import type { Adapter } from './adapter.ts';
import { ADAPTERS } from './adapters.ts';
import { RETIRED_SETTINGS } from './retired-settings.ts';
import { ROLE_NAMES, ROLES } from './roles.ts';

/** The settings of a role or an adapter, under a heading for people. */
export interface SettingGroup {
  readonly heading: string;
  readonly settings: readonly Setting[];
}

/** Every setting, once, under the first role or adapter that reads it, as docs/settings.md lists them. */
export const SETTING_GROUPS: readonly SettingGroup[] = eachOnce([
  { heading: 'Every process', settings: settingsIn([processSettings]) },
  ...ROLE_NAMES.toReversed().map((name) => ({
    heading: `${capital(name)}: ${ROLES[name].summary}`,
    settings: settingsIn(ROLES[name].settings),
  })),
  ...ADAPTERS.map((adapter) => ({ heading: headingOf(adapter), settings: settingsIn(groupsOf(adapter)) })),
]);

/** All names, for programs that read only some settings but still refuse a misspelt one. */
export const SETTING_NAMES: SettingNames = {
  current: SETTING_GROUPS.flatMap(({ settings }) => settings.flatMap(namesOf)),
  retired: RETIRED_SETTINGS,
};

/** The names of all secrets. */
export const SECRET_NAMES: readonly string[] = SETTING_GROUPS.flatMap(({ settings }) =>
  settings.flatMap(({ name, secret }) => (secret ? name : [])),
);

/** All groups that an adapter may read, whichever of its ports are open. */
export function groupsOf({ settings, ports }: Adapter): readonly Settings[] {
  return [...settings, ...Object.values(ports).flatMap((port) => port.settings ?? [])];
}

function settingsIn(groups: readonly Settings[]): readonly Setting[] {
  return groups.flatMap((group) => Object.values(group));
}

function eachOnce(groups: readonly SettingGroup[]): SettingGroup[] {
  const seen = new Set<Setting>();
  return groups
    .map(({ heading, settings }) => ({ heading, settings: settings.filter((setting) => !seen.has(setting) && seen.add(setting)) }))
    .filter(({ settings }) => settings.length > 0);
}

function headingOf({ name, namedBy, ports }: Adapter): string {
  const held = Object.keys(ports).join(', ');
  return namedBy ? `${capital(name)}, once \`${namedBy.name}\` names it: ${held}` : `${capital(name)}, for what no server holds: ${held}`;
}

function capital(text: string): string {
  return `${text[0]?.toUpperCase()}${text.slice(1)}`;
}
