import type { Message } from '../../../simulator/message.ts';

/** A normal status of sensor 1, but for what is said. */
export function message(different: Partial<Message> = {}): Message {
  return {
    dueMs: 0,
    sensor: 1,
    topic: 'ENTRY',
    motion: false,
    smoke: false,
    temperature: 20,
    maxTemperature: 30,
    seq: 1,
    reading: different.seq ?? 1,
    form: 'json',
    ...different,
  };
}
