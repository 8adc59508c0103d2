import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { listedJson } from '../../../console/api/alarm-json.ts';
import type { ListedAlarm } from '../../../console/api/schemas.ts';
import { PlacesGathering } from '../../../console/live/places.ts';
import { indexOf, readPlaces } from '../../../page/places.ts';
import { mercatorX, mercatorY, panBy, worldView, zoomAt } from '../../../page/projection.ts';
import { compareUrgency, inOrder } from '../../../page/queue-order.ts';
import { EventParser } from '../../../page/sse.ts';
import { age, offset } from '../../../page/time.ts';
import { ALARM_STATES } from '../../../alarm/alarm.ts';
import { SEVERITIES } from '../../../alarm/severity.ts';
import type { Place } from '../../../directory/port.ts';
import { alarmOf, clientOf, NOON } from '../../support/alarms.ts';

const listed = (changes: Parameters<typeof alarmOf>[0]): ListedAlarm =>
  listedJson({ alarm: { ...alarmOf(changes), region: '', geohash: '' }, evidence: undefined, client: undefined, recent: [] }, 'limited');

const anyAlarm = fc
  .record({
    id: fc.integer({ min: 0, max: 40 }).map((n) => `id-${n}`),
    severity: fc.constantFrom(...SEVERITIES),
    state: fc.constantFrom(...ALARM_STATES.slice(0, 3)),
    raisedAt: fc.integer({ min: NOON, max: NOON + 20 }),
  })
  .map((changes) => listed(changes));
const queue = fc.uniqueArray(anyAlarm, { selector: ({ id }) => id, maxLength: 30 }).map((alarms) => alarms.sort(compareUrgency));

describe('the order of the queue', () => {
  it('puts the unacknowledged first, then the gravest, then the oldest', () => {
    const alarms = [
      listed({ id: 'acknowledged', state: 'ACTIVE_ACK' }),
      listed({ id: 'young', severity: 'MINOR', raisedAt: NOON + 5 }),
      listed({ id: 'old', severity: 'MINOR' }),
      listed({ id: 'grave', raisedAt: NOON + 9 }),
      listed({ id: 'restored', severity: 'MAJOR', state: 'CLEARED_UNACK' }),
    ];
    expect(alarms.sort(compareUrgency).map(({ id }) => id)).toEqual(['grave', 'restored', 'old', 'young', 'acknowledged']);
  });

  it('is the same by way of any order before', () => {
    fc.assert(
      fc.property(queue, queue, (before, alarms) => {
        expect(inOrder(new Map(alarms.map((alarm) => [alarm.id, alarm])), before)).toEqual(alarms);
      }),
    );
  });
});

describe('the event stream', () => {
  it('is read the same however its text is cut', () => {
    const text = 'id: r.1\nevent: alarm\ndata: {"a":1}\n\nevent: beat\ndata: {}\n\n';
    fc.assert(
      fc.property(fc.array(fc.nat({ max: text.length }), { maxLength: 6 }), (cuts) => {
        const parser = new EventParser();
        const at = [0, ...cuts.sort((a, b) => a - b), text.length];
        const events = at.slice(1).flatMap((end, i) => parser.push(text.slice(at[i], end)));
        expect(events).toEqual([
          { id: 'r.1', event: 'alarm', data: '{"a":1}' },
          { id: undefined, event: 'beat', data: '{}' },
        ]);
      }),
    );
  });
});

describe('the places', () => {
  it('come through their compact file within a few metres, and are found by sensor', async () => {
    const clients = [
      [3, 53.797_4, -1.543_8],
      [70_000, -33.86, 151.2],
      [2_147_483_647, 0, 180],
    ].map(([id = 0, latitude = 0, longitude = 0]) => clientOf({ id, latitude, longitude }));
    const packed = (places: readonly Place[]) => {
      const gathering = new PlacesGathering();
      gathering.add({ placed: places, unplaced: [9, 2], next: undefined });
      return gathering.file();
    };
    const file = packed(clients.map((client) => ({ ...client, sensor: client.id })));
    expect(file.unplaced).toEqual([2, 9]);
    const places = readPlaces(new Uint8Array(file.bytes).buffer);
    for (const { id, latitude, longitude } of clients) {
      const i = indexOf(places, id);
      expect(places.x[i]).toBeCloseTo(mercatorX(longitude), 6);
      expect(places.y[i]).toBeCloseTo(mercatorY(latitude), 6);
    }
    expect(indexOf(places, 4)).toBe(-1);
    expect(packed(clients.map((client) => ({ ...client, sensor: client.id })).reverse()).hash).toBe(file.hash);
  });
});

describe('the view of the map', () => {
  it('keeps what is under the pointer there while it zooms', () => {
    const view = worldView(800, 600);
    const zoomed = zoomAt(view, 4, 300, 280, 800, 600);
    const at = (v: typeof view) => [v.x + (300 - 400) / v.scale, v.y + (280 - 300) / v.scale];
    expect(at(zoomed)[0]).toBeCloseTo(at(view)[0] ?? 0, 9);
    expect(at(zoomed)[1]).toBeCloseTo(at(view)[1] ?? 0, 9);
    expect(zoomAt(view, 0.01, 0, 0, 800, 600).scale).toBe(view.scale);
    expect(panBy(view, -1e9, 0).x).toBe(1);
  });
});

describe('times', () => {
  it.each([
    [47_000, '0:47'],
    [723_000, '12:03'],
    [18_120_000, '5 h 02'],
    [273_600_000, '3 d 04 h'],
    [-5, '0:00'],
  ])('%i ms is an age of %s', (ms, text) => expect(age(ms)).toBe(text));
  it.each([
    [4, '+0.004 s'],
    [8_200, '+8.2 s'],
    [-1_500, '−1.5 s'],
    [72_000, '+1:12'],
  ])('%i ms is a distance of %s', (ms, text) => expect(offset(ms)).toBe(text));
});

describe('the colours', () => {
  const css = readFileSync(new URL('../../../page/style.css', import.meta.url), 'utf8');
  const colour = (name: string): string => new RegExp(`--${name}: (#[0-9a-f]{6})`).exec(css)?.[1] ?? '';
  const luminance = (hex: string): number => {
    const [r = 0, g = 0, b = 0] = [1, 3, 5]
      .map((at) => Number.parseInt(hex.slice(at, at + 2), 16) / 255)
      .map((c) => (c <= 0.040_45 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (a: string, b: string): number => {
    const [dark = 0, light = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
    return (light + 0.05) / (dark + 0.05);
  };
  const grounds = ['bg', 'panel', 'raised'];
  it.each(['text', 'dim', 'critical', 'major', 'minor', 'warning'].flatMap((text) => grounds.map((ground) => [text, ground])))(
    '%s on %s can be read',
    (text, ground) => expect(contrast(colour(text ?? ''), colour(ground ?? ''))).toBeGreaterThanOrEqual(4.5),
  );
  it.each(['critical', 'major', 'minor', 'warning', 'text'])('ink on %s can be read', (fill) =>
    expect(contrast(colour('ink'), colour(fill))).toBeGreaterThanOrEqual(4.5),
  );
});
