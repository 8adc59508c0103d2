import { describe, expect, it } from 'vitest';
import { type AlarmType, BUILT_IN_TYPES, typeOf } from '../../../alarm/alarm-type.ts';
import { SEVERITIES } from '../../../alarm/severity.ts';
import { allDashboards, textOf } from '../../../grafana/dashboards.ts';
import { colorsOf } from '../../../grafana/type-colors.ts';
import { SEVEN_TYPES } from '../../support/alarm-types.ts';
import { type DataPanel, dataPanels, isInflux, panelsOf } from '../../support/dashboards.ts';

const CONSOLE = 'https://console.example';
/** The maximum of types, nearly all of one severity. */
const MANY: readonly AlarmType[] = [
  ...SEVEN_TYPES,
  ...Array.from({ length: 25 }, (_, i) => typeOf(`type-${i}`, { field: `f${i}`, is: true }, { severity: i === 9 ? 'CRITICAL' : 'MINOR' })),
];

const boardsOf = (types: readonly AlarmType[]) => [...allDashboards(CONSOLE, types).values()];
const alarmsOf = (types: readonly AlarmType[]) => {
  const board = allDashboards(CONSOLE, types).get('Tocsin/alarms.json');
  if (!board) throw new Error('there is no such dashboard');
  return board;
};
/** Types that have a panel with their total, in the order of the panels. */
const totalsOf = (types: readonly AlarmType[]) =>
  dataPanels(alarmsOf(types)).flatMap(({ targets }) =>
    targets.filter(isInflux).flatMap(({ query }) => /"type" = '([^']*)'$/.exec(query)?.[1] ?? []),
  );
/** The series with a colour of their own, by the title of the panel. */
function colored(types: readonly AlarmType[]): [title: string, colors: Map<string, string>][] {
  return boardsOf(types).flatMap((board) =>
    (dataPanels(board) as (DataPanel & { fieldConfig: { overrides?: Override[] } })[]).flatMap(({ title, fieldConfig }) => {
      const colors = (fieldConfig.overrides ?? []).flatMap(({ matcher, properties }) =>
        properties.filter(({ id }) => id === 'color').map(({ value }) => [matcher.options, value.fixedColor] as const),
      );
      return colors.length === 0 ? [] : [[title, new Map(colors)]];
    }),
  );
}
interface Override {
  readonly matcher: { readonly options: string };
  readonly properties: readonly { readonly id: string; readonly value: { readonly fixedColor: string } }[];
}

describe('the dashboards of other types', () => {
  it.each([
    ['seven', SEVEN_TYPES],
    ['thirty-two', MANY],
    ['one', SEVEN_TYPES.slice(4, 5)],
  ])('name each of %s wherever types are listed', (_count, types) => {
    const names = types.map(({ name }) => name);
    expect(alarmsOf(types).templating?.list?.[0]).toMatchObject({ name: 'type', query: names.join(',') });
    const panels = colored(types);
    expect(panels.length).toBeGreaterThan(14);
    for (const [title, colors] of panels) expect([...colors.keys()].sort(), title).toEqual(names.toSorted());
    const text = boardsOf(types).map(textOf).join('');
    for (const { name } of SEVEN_TYPES) if (!names.includes(name)) expect(text).not.toMatch(new RegExp(`'${name}'|"${name}"`));
  });

  it('have a total of each type, as long as there are few', () => {
    expect(totalsOf(BUILT_IN_TYPES)).toEqual(['motion', 'smoke', 'temperature']);
    expect(totalsOf(SEVEN_TYPES)).toEqual(SEVEN_TYPES.map(({ name }) => name));
  });

  it('have totals of the gravest where there are too many, and all of them in the graph and the table', () => {
    const shown = totalsOf(MANY);
    expect(shown).toHaveLength(15);
    for (const { name, severity } of MANY) if (severity === 'CRITICAL' || severity === 'MAJOR') expect(shown).toContain(name);
    const grouped = dataPanels(alarmsOf(MANY))
      .filter(({ targets }) => targets.filter(isInflux).some(({ query }) => /GROUP BY .*"type"/.test(query)))
      .map(({ title }) => title);
    expect(grouped).toEqual(['Alarms by type', 'Region by type']);
  });

  it.each([1, 3, 4, 7, 8, 15, 16, 32])('fill their lines with %i totals, none over another or too narrow to read', (count) => {
    const panels = panelsOf(alarmsOf(MANY.slice(0, count)));
    const below = panels.find(({ title }) => title === 'Alarms by type')?.gridPos.y ?? 0;
    const totals = panels.filter(({ gridPos }) => gridPos.y < below).map(({ gridPos }) => gridPos);
    expect(totals).toHaveLength(Math.min(count, 15) + 1);
    for (const { w, h, x, y } of totals) expect(w >= 3 && h >= 4 && x + w <= 24 && y + h <= below).toBe(true);
    expect(new Set(totals.map(({ x, y }) => `${x} ${y}`)).size).toBe(totals.length);
    expect(below).toBeLessThanOrEqual(8);
  });

  it('say the same of the built-in types as those that are committed', () => {
    expect(boardsOf(BUILT_IN_TYPES).map(textOf)).toEqual([...allDashboards(CONSOLE).values()].map(textOf));
  });
});

describe('the colours of types', () => {
  it('are those of the reference system for its types, whatever else there is', () => {
    expect(colorsOf(MANY)).toMatchObject({ smoke: 'red', temperature: 'orange', motion: 'blue' });
    expect(Object.keys(colorsOf(SEVEN_TYPES.slice(3, 4)))).toEqual(['water']);
  });

  it.each(SEVERITIES)('differ among thirty-two, all of them %s', (severity) => {
    const colors = Object.values(colorsOf(MANY.map((type) => ({ ...type, severity }))));
    expect(new Set(colors).size).toBe(32);
    for (const color of colors) expect(color).toMatch(/^(?:red|orange|blue|#[0-9a-f]{6})$/);
  });

  it('are red the graver, and never green, which says that all is well', () => {
    const channels = (severity: AlarmType['severity']) =>
      Object.values(colorsOf(MANY.slice(7).map((type) => ({ ...type, severity })))).map((color) =>
        [1, 3, 5].map((at) => Number.parseInt(color.slice(at, at + 2), 16)),
      );
    for (const severity of SEVERITIES)
      for (const [red = 0, green = 0, blue = 0] of channels(severity)) {
        expect(green).toBeLessThan(Math.max(red, blue));
        if (severity === 'CRITICAL' || severity === 'MAJOR') expect(red).toBeGreaterThan(Math.max(green, blue));
      }
  });
});
