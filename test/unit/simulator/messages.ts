import type { Message } from '../../../simulator/message.ts';

const NORMAL = { motion: false, smoke: false, temperature: 20, maxTemperature: 30 };

/** A normal status of sensor 1 with these changes. */
export function message(different: Partial<Message> = {}): Message {
  return {
    dueMs: 0,
    sensor: 1,
    topic: 'ENTRY',
    fields: NORMAL,
    hits: [],
    clears: [],
    seq: 1,
    reading: different.seq ?? 1,
    form: 'json',
    ...different,
  };
}

export const motion = (different: Partial<Message> = {}): Message =>
  message({ fields: { ...NORMAL, motion: true }, hits: ['motion'], ...different });
export const smoke = (different: Partial<Message> = {}): Message =>
  message({ fields: { ...NORMAL, smoke: true }, hits: ['smoke'], ...different });
