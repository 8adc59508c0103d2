import { describe, expect, it } from 'vitest';
import { producedPlaces, produceRequest } from '../../../kafka/wire/produce.ts';

const hex = (...parts: (string | Buffer)[]): Buffer =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part.replaceAll(' ', ''), 'hex') : part)));
/** A text, preceded by its length. */
const text = (value: string): Buffer => Buffer.concat([Buffer.from([0, value.length]), Buffer.from(value)]);

describe('a request to write', () => {
  it('groups batches by topic, and waits for all replicas', () => {
    const [a, b, c] = [Buffer.from('aaa'), Buffer.from('bb'), Buffer.from('c')];
    const request = produceRequest('task-1', 3_000, [
      { topic: 'T', partition: 1, batch: a },
      { topic: 'S', partition: 1, batch: b },
      { topic: 'T', partition: 2, batch: c },
    ]);
    expect(Buffer.concat(request).toString('hex')).toBe(
      hex(
        text('task-1'),
        'ffff 00000bb8 00000002',
        text('T'),
        '00000002 00000001 00000003',
        a,
        '00000002 00000001',
        c,
        text('S'),
        '00000001 00000001 00000002',
        b,
      ).toString('hex'),
    );
    // Batches are not copied.
    expect(request).toContain(a);
  });

  it('without a transaction names none', () => {
    expect(Buffer.concat(produceRequest(null, 1, [])).toString('hex')).toBe('ffffffff0000000100000000');
  });
});

describe('the answer', () => {
  const [appended, logBegins] = ['ffffffffffffffff', '0000000000000005'];

  it('says for each partition whether its batch was accepted, and its first offset', () => {
    const answer = hex(
      '00000002',
      text('T'),
      `00000002 00000001 0000 0000000100000002 ${appended} ${logBegins} 00000000 ffff`,
      `00000002 0006 ffffffffffffffff ${appended} ${logBegins} 00000000`,
      text('not mine'),
      text('S'),
      `00000001 00000000 0000 0000000000000000 ${appended} ${logBegins} 00000000 ffff`,
      '00000000',
    );
    expect(producedPlaces(answer)).toEqual([
      { topic: 'T', partition: 1, error: 0, baseOffset: 2 ** 32 + 2, words: '' },
      { topic: 'T', partition: 2, error: 6, baseOffset: -1, words: 'not mine' },
      { topic: 'S', partition: 0, error: 0, baseOffset: 0, words: '' },
    ]);
  });

  it('has the error text of the first refused record rather than that of the batch', () => {
    const answer = hex(
      '00000001',
      text('T'),
      `00000001 00000001 0020 ffffffffffffffff ${appended} ${logBegins} 00000003`,
      '00000000 ffff 00000001',
      text('too early'),
      '00000002',
      text('too late'),
      text('some are wrong'),
    );
    expect(producedPlaces(answer)).toMatchObject([{ error: 32, words: 'too early' }]);
  });
});
