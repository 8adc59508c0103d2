/** The number for the state of a sensor, with as many types as possible, and with alarms of types that no longer exist. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ALARM_STATES } from '../../../alarm/alarm.ts';
import { TYPES_MAX, typeOf } from '../../../alarm/alarm-type.ts';
import { TypeSet } from '../../../alarm/type-set.ts';
import { OpenAlarms } from '../../../console/live/open-alarms.ts';
import { conditionOf } from '../../../console/live/sensor-code.ts';
import { alarmOf } from '../../support/alarms.ts';

const NAMES = Array.from({ length: TYPES_MAX }, (_, i) => `type-${i}`);
const TYPES = new TypeSet(NAMES.map((name, i) => typeOf(name, { field: `field${i}`, is: true })));
const GRAVEST_FIRST = ['CRITICAL', 'MAJOR', 'MINOR', 'WARNING'] as const;

const anyAlarm = fc.record({
  type: fc.constantFrom(...NAMES, 'removed'),
  severity: fc.constantFrom(...GRAVEST_FIRST),
  state: fc.constantFrom(...ALARM_STATES),
});

it('says of any sensor what is gravest there, whether that is active, and whether anything awaits acknowledgement', () => {
  fc.assert(
    fc.property(fc.array(anyAlarm, { maxLength: 8 }), (all) => {
      const alarms = new OpenAlarms(TYPES);
      alarms.load(all.map((fields, i) => ({ ...alarmOf({ ...fields, id: `${i}`, sensor: 7 }), region: '', geohash: '' })));
      const code = alarms.code(7);
      const open = all.filter(({ state }) => state !== 'CLEARED_ACK');
      expect(code === 0).toBe(open.length === 0);
      if (open.length === 0) return;
      const active = open.filter(({ state }) => ['ACTIVE_UNACK', 'ACTIVE_ACK'].includes(state));
      const deciding = active.length > 0 ? active : open;
      const severity = GRAVEST_FIRST.find((one) => deciding.some((alarm) => alarm.severity === one));
      const condition = conditionOf(code);
      expect(condition).toMatchObject({
        severity,
        isActive: active.length > 0,
        isUnacknowledged: open.some(({ state }) => ['ACTIVE_UNACK', 'CLEARED_UNACK'].includes(state)),
      });
      const drawn = condition.place === undefined ? 'removed' : NAMES[condition.place];
      expect(deciding.filter((alarm) => alarm.severity === severity).map(({ type }) => type)).toContain(drawn);
    }),
  );
});

it('fits into three digits or four, and the graver or active one is the greater', () => {
  const codeFor = (type: string, severity: (typeof GRAVEST_FIRST)[number], state: (typeof ALARM_STATES)[number]): number => {
    const alarms = new OpenAlarms(TYPES);
    alarms.load([{ ...alarmOf({ type, severity, state, sensor: 1 }), region: '', geohash: '' }]);
    return alarms.code(1);
  };
  expect(codeFor('type-31', 'CRITICAL', 'ACTIVE_UNACK')).toBeLessThan(1_024);
  for (const type of NAMES) {
    expect(codeFor(type, 'WARNING', 'ACTIVE_ACK')).toBeGreaterThan(codeFor('type-31', 'CRITICAL', 'CLEARED_UNACK'));
    expect(codeFor(type, 'MAJOR', 'ACTIVE_ACK')).toBeGreaterThan(codeFor('type-31', 'MINOR', 'ACTIVE_UNACK'));
  }
});
