/** The page's code names no type: everything that it shows of one comes from the server. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { BUILT_IN_TYPES, SHAPES, TYPES_MAX, typeOf } from '../../../alarm/alarm-type.ts';
import { TypeSet } from '../../../alarm/type-set.ts';
import { typesJson } from '../../../console/api/type-json.ts';
import { codeOf } from '../../../console/live/sensor-code.ts';
import { layersOf, MINUTES } from '../../../page/count-layers.ts';
import { faultWords } from '../../../page/faults.ts';
import { OUTLINES } from '../../../page/outlines.ts';
import { readingWords } from '../../../page/reading.ts';
import { spotsOf } from '../../../page/spots.ts';
import { typesToShow } from '../../../page/types-to-show.ts';
import { KnownTypes } from '../../../page/types.ts';
import { FIVE, REFERENCE } from '../../support/alarm-types.ts';
import { listedAlarm } from '../../support/fake-console.ts';

const three = new KnownTypes(typesJson(REFERENCE));
const five = new KnownTypes(typesJson(FIVE));
const many = new KnownTypes(
  typesJson(
    new TypeSet([
      ...BUILT_IN_TYPES,
      ...Array.from({ length: TYPES_MAX - 3 }, (_, i) => typeOf(`kind-${i}`, { field: `kind${i}`, is: true }, { severity: 'WARNING' })),
    ]),
  ),
);
const openOf = (byType: Record<string, number>) => ({ byType, unacknowledged: {} });
const names = (types: readonly { readonly name: string }[]): string[] => types.map(({ name }) => name);

describe('a type', () => {
  it('has its label as a word of the queue and in sentences, and abbreviations stay what they are', () => {
    const types = new KnownTypes(
      typesJson(
        new TypeSet([
          ...BUILT_IN_TYPES,
          typeOf('co', { field: 'co', operator: '>', than: 50 }, { label: 'CO' }),
          typeOf('panic', { field: 'panic', is: true }, { label: 'Panic button' }),
        ]),
      ),
    );
    expect(['smoke', 'temperature', 'co', 'panic'].map((name) => [types.of(name).word, types.of(name).text])).toEqual([
      ['SMOKE', 'smoke'],
      ['HEAT', 'heat'],
      ['CO', 'CO'],
      ['PANIC BUTTON', 'panic button'],
    ]);
  });

  it('that the server does not have is shown all the same: by its name, as a square', () => {
    expect(three.of('gas-leak')).toMatchObject({ word: 'GAS LEAK', text: 'gas leak', shape: 'square', lifeSafety: true });
    expect(faultWords({ detector: 'gas-leak', reason: 'absent', since: '2026-11-24T12:00:00.000Z' }, three, 0)).toMatch(
      /^gas leak not reported since/,
    );
  });

  it('can have any shape that a settings file may name, and no two look alike', () => {
    expect(new Set(SHAPES.map((shape) => OUTLINES[shape])).size).toBe(SHAPES.length);
  });

  it('is named nowhere in the code of the page', () => {
    const folder = new URL('../../../page/', import.meta.url);
    for (const file of readdirSync(folder).filter((name) => /\.tsx?$/.test(name))) {
      const code = readFileSync(new URL(file, folder), 'utf8').replace(/\/\*\*[\s\S]*?\*\/|\/\/.*/g, '');
      expect(code.match(/\b(smoke|heat|water|battery)\b|['"`](motion)\b/i), file).toBeNull();
    }
  });
});

describe('the numbers of open alarms', () => {
  it('stand as they always did while there is room for all, the gravest first', () => {
    expect(names(typesToShow(three, openOf({ motion: 4, smoke: 0, temperature: 0 })).shown)).toEqual(['smoke', 'temperature', 'motion']);
    expect(names(typesToShow(five, undefined).shown)).toEqual(['smoke', 'temperature', 'water', 'motion', 'battery']);
  });

  it('of many types are those of which alarms are open, and every other alarm is counted beside them', () => {
    const byType = { 'kind-7': 3, motion: 1, 'kind-20': 5, 'kind-2': 1, 'kind-9': 2, 'kind-28': 8 };
    const { shown, others } = typesToShow(many, openOf(byType));
    expect(names(shown)).toEqual(['motion', 'kind-2', 'kind-7', 'kind-9']);
    expect(shown.length + others.length).toBe(TYPES_MAX);
    expect(names(others)).toEqual(expect.arrayContaining(['smoke', 'kind-20', 'kind-28']));
  });

  it('include alarms of types that the server no longer has', () => {
    expect(names(typesToShow(three, openOf({ smoke: 1, 'gas-leak': 2, old: 0 })).shown)).toEqual([
      'smoke',
      'temperature',
      'motion',
      'gas-leak',
    ]);
  });
});

describe('alarms per minute', () => {
  const END = 29_000_000;
  const minute = (ago: number): string => new Date((END - ago) * 60_000).toISOString();

  it('have a layer for each severity, the gravest first, with a legend of the types in it', () => {
    const counts = [
      { minute: minute(0), type: 'water', count: 2 },
      { minute: minute(0), type: 'temperature', count: 1 },
      { minute: minute(59), type: 'smoke', count: 4 },
      { minute: minute(60), type: 'smoke', count: 9 },
    ];
    const layers = layersOf(five, counts, END);
    expect(layers.map(({ words }) => words)).toEqual(['smoke', 'heat, water', 'motion', 'battery']);
    expect(layers.map(({ minutes }) => [minutes[0], minutes[MINUTES - 1]])).toEqual([
      [4, 0],
      [0, 3],
      [0, 0],
      [0, 0],
    ]);
    expect(new Set(layers.map(({ colour }) => colour)).size).toBe(layers.length);
  });

  it('lose none: what the server no longer has is a layer of its own', () => {
    const layers = layersOf(three, [{ minute: minute(3), type: 'gas-leak', count: 2 }], END);
    expect(layers.at(-1)).toMatchObject({ words: 'gas leak' });
    expect(layers.flatMap(({ minutes }) => minutes).reduce((sum, n) => sum + n, 0)).toBe(2);
    expect(layersOf(three, [], END).map(({ words }) => words)).toEqual(['smoke', 'heat', 'motion']);
  });
});

describe('a reading in words', () => {
  const value = '{"id":1,"motion":true,"smoke":false,"temperature":31.5,"maxTemperature":"30","water":1,"battery":12}';
  const words = (type: string, of: string, types = five) => readingWords(of, types.of(type), types);

  it('begins with what the type of the alarm reads, numbers with their names or units', () => {
    expect(words('temperature', value)?.own).toBe('31.5 °C of 30 °C');
    expect(words('battery', value)?.own).toBe('battery 12');
    expect(words('water', value)?.own).toBe('water');
    expect(words('smoke', value)?.own).toBe('not smoke');
  });

  it('goes on with what else is known of it, without what is false or missing', () => {
    expect(words('water', value)?.others).toBe('31.5 °C of 30 °C, motion, battery 12');
    expect(words('smoke', '{"smoke":true,"temperature":22}')).toEqual({ own: 'smoke', others: '22 °C' });
    expect(words('gas-leak', value)).toEqual({ own: '', others: '31.5 °C of 30 °C, water, motion, battery 12' });
  });

  it('says turned conditions as they are', () => {
    const types = new KnownTypes(typesJson(new TypeSet([typeOf('power', { field: 'mains', is: false })])));
    expect(words('power', '{"mains":false}', types)?.own).toBe('not mains');
    expect(words('power', '{"mains":1}', types)?.own).toBe('mains');
  });

  it.each(['', 'null', '7', '[]', 'not json', '{"id":1}', '{"smoke":"burnt","temperature":null}'])(
    'has none for %j, which is shown as it came',
    (text) => expect(words('smoke', text)).toBeUndefined(),
  );
});

describe('a spot of the map', () => {
  const here = (sensor: number): readonly [number, number] => [100 + (sensor % 2), 100];
  const BOX = { width: 800, height: 600 };
  const restored = [1, 2, 3].map((sensor) => listedAlarm(sensor, { state: 'CLEARED_UNACK' }));
  const stateOf = (severity: 'CRITICAL' | 'MINOR', isActive: boolean): number =>
    codeOf({ place: 1, severity, isActive, isUnacknowledged: !isActive });

  it('is not drawn as restored where an alarm is active that the list has no room for', () => {
    const [spot] = spotsOf(restored, new Map([[99, stateOf('MINOR', true)]]), here, BOX).spots;
    expect(spot).toMatchObject({ x: 101, graver: { sensor: 99, severity: 'MINOR', isActive: true } });
    expect(spot?.alarms).toHaveLength(3);
  });

  it('is drawn as the graver of two that are active, listed or not', () => {
    const motion = listedAlarm(1, { type: 'motion', severity: 'MINOR' });
    expect(spotsOf([motion], new Map([[98, stateOf('CRITICAL', true)]]), here, BOX).spots[0]?.graver).toMatchObject({ sensor: 98 });
    expect(spotsOf([listedAlarm(1)], new Map([[98, stateOf('MINOR', true)]]), here, BOX).spots[0]?.graver).toBeUndefined();
    // Neither restored alarms nor the codes of listed ones change anything.
    expect(spotsOf([motion], new Map([[98, stateOf('CRITICAL', false)]]), here, BOX).spots[0]?.graver).toBeUndefined();
    expect(spotsOf([motion], new Map([[1, stateOf('MINOR', true)]]), here, BOX).spots[0]?.graver).toBeUndefined();
  });
});
