/** Reads what lies in ALARM and DELIVERY. Only what is needed is checked, so that records of a newer version can be read too. */
import { z } from 'zod';
import { ACTION_KINDS, ALARM_CHANGES, ALARM_STATES, type AlarmChange, DISPOSITIONS } from '../alarm/alarm.ts';
import { SEVERITIES } from '../alarm/rules.ts';
import { ALARM_TYPES, SENSOR_ID_MAX } from '../alarm/status.ts';
import type { Delivery } from '../records/delivery.ts';
import { checked, type Decoded, parsed } from '../records/decoded.ts';

const whole = z.number().int().nonnegative();
const time = z.number().int().min(0).max(8.64e15);
const sensor = whole.max(SENSOR_ID_MAX);
/** Keys of a store are of bounded length. */
const id = z.string().min(1).max(200);
const position = z.looseObject({ topic: z.string().max(20), partition: whole, offset: whole });

const alarm = z.looseObject({
  id,
  sensor,
  type: z.enum(ALARM_TYPES),
  severity: z.enum(SEVERITIES),
  state: z.enum(ALARM_STATES),
  version: whole,
  raisedAt: time,
  lastSeenAt: time,
  clearedAt: time.optional(),
  acknowledgedAt: time.optional(),
  acknowledgedBy: z.string().optional(),
  disposition: z.enum(DISPOSITIONS).optional(),
  evidence: z.array(position.extend({ at: time, value: z.string() })),
});
const action = z.looseObject({
  kind: z.enum(ACTION_KINDS),
  by: z.string(),
  note: z.string().optional(),
  disposition: z.enum(DISPOSITIONS).optional(),
});
const change = z.looseObject({ event: z.enum(ALARM_CHANGES), at: time, cause: position, alarm, action: action.optional() });
const delivery = z.looseObject({
  alarm: id,
  sensor,
  event: z.enum(['raised', 'cleared']),
  outcome: z.enum(['sent', 'parked']),
  messageId: z.string(),
  reply: z.string(),
  at: time,
});

/** A change of an alarm; a refused action changes none and counts as of no interest. */
export function decodeChange(text: string): Decoded<AlarmChange> {
  const json = parsed(text);
  if ((json as { event?: unknown } | undefined)?.event === 'refused') return { value: undefined };
  return checked<AlarmChange>(change, json, 'an alarm event');
}

export function decodeDelivery(text: string): Decoded<Delivery> {
  return checked<Delivery>(delivery, parsed(text), 'a delivery');
}
