import type { Records } from '../../message-log/port.ts';

const SIZE_MAX = 128;

/** Short records, added one by one, up to a given number. */
export class GatheredRecords implements Records {
  length = 0;
  readonly bytes: Buffer;
  readonly keys: number[] = [];
  readonly starts: number[] = [];
  readonly ends: number[] = [];

  constructor(most: number) {
    this.bytes = Buffer.allocUnsafe(most * SIZE_MAX);
  }

  add(key: number, value: string): void {
    const start = this.ends.at(-1) ?? 0;
    this.length += 1;
    this.keys.push(key);
    this.starts.push(start);
    this.ends.push(start + this.bytes.write(value, start, 'latin1'));
  }
}
