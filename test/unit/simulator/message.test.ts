import { describe, expect, it } from 'vitest';
import { matters, opposes } from '../../../simulator/message.ts';
import { message, smoke } from './messages.ts';

const ok = message({ topic: 'OK' });
const lowBattery = message({ hits: ['battery'] });
const goodBattery = message({ clears: ['battery'] });

describe('a message', () => {
  it('matters to alarms where it raises or clears one', () => {
    expect([message(), smoke(), ok, lowBattery, goodBattery].map(matters)).toEqual([false, true, true, true, true]);
  });

  it.each([
    ['a recovery and a hit', ok, smoke(), true],
    ['a hit and a recovery', smoke(), ok, true],
    ['a normal reading after a recovery', message(), ok, false],
    ['two hits', smoke(), lowBattery, false],
    ['a reading that clears what the one before hit', goodBattery, lowBattery, true],
    ['a hit of smoke that clears it', smoke({ clears: ['battery'] }), lowBattery, true],
    ['a hit after a reading that cleared it: a hit is never taken for older', lowBattery, goodBattery, false],
    ['a reading that clears another type', goodBattery, smoke(), false],
    ['a reading that clears after a recovery', goodBattery, ok, false],
  ])('depends on the order with %s', (_, later, earlier, expected) => {
    expect(opposes(later, earlier)).toBe(expected);
  });
});
