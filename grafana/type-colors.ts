import { type AlarmType, gravestFirst } from '../alarm/alarm-type.ts';
import { SEVERITIES, type Severity } from '../alarm/severity.ts';

/** Colours of series by the type's name. */
export type TypeColors = Readonly<Record<string, string>>;

/** The colours of the reference system, as names of Grafana's palette. */
const BUILT_IN: TypeColors = { smoke: 'red', temperature: 'orange', motion: 'blue' };

/** Red, orange, blue and violet, in degrees, far enough apart that their shades differ. Green is reserved for "no alarm". */
const HUES: Readonly<Record<Severity, number>> = { CRITICAL: 350, MAJOR: 28, MINOR: 205, WARNING: 275 };
const LIGHTNESS = [50, 35, 65, 42, 75] as const;
const TURNS = [0, 6, -6, 12, -12, 18, -18] as const;
const SATURATION = 75;

/** The built-in types have fixed colours, others each a shade of their severity's hue. */
export function colorsOf(types: readonly AlarmType[]): TypeColors {
  const others = types.filter(({ name }) => !Object.hasOwn(BUILT_IN, name));
  const shades = SEVERITIES.flatMap((severity) =>
    others.filter((type) => type.severity === severity).map(({ name }, i) => [name, shade(HUES[severity], i)] as const),
  );
  const colors: TypeColors = { ...BUILT_IN, ...Object.fromEntries(shades) };
  return Object.fromEntries(gravestFirst(types).flatMap(({ name }) => (colors[name] === undefined ? [] : [[name, colors[name]]])));
}

/** The nth shade of a hue: five lightnesses, then those of a neighbouring hue. */
function shade(hue: number, n: number): string {
  const turned = (hue + (TURNS[Math.floor(n / LIGHTNESS.length) % TURNS.length] ?? 0) + 360) % 360;
  return hexOf(turned, SATURATION / 100, (LIGHTNESS[n % LIGHTNESS.length] ?? 50) / 100);
}

/** HSL as `#rrggbb`, which Grafana accepts wherever it accepts a name. */
function hexOf(hue: number, saturation: number, lightness: number): string {
  const reach = saturation * Math.min(lightness, 1 - lightness);
  const channel = (n: number): string => {
    const place = (n + hue / 30) % 12;
    const value = lightness - reach * Math.max(-1, Math.min(place - 3, 9 - place, 1));
    return Math.round(value * 255)
      .toString(16)
      .padStart(2, '0');
  };
  return `#${channel(0)}${channel(8)}${channel(4)}`;
}
