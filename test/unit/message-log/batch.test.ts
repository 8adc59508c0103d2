import { describe, expect, it } from 'vitest';
import { type Batch, decodeBatch, encodeBatch, encodedBytes } from '../../../message-log/embedded/batch.ts';

const NOTHING: Batch = { frames: [], states: [], positions: [] };
const frame = { topic: 'OK', partition: 300, bytes: Buffer.from('frame') } as const;
const state = { partition: 2, key: 2 ** 31 - 1, value: Buffer.from('state') };
const position = { name: 'mails/ALARM/ü', position: 2 ** 50 };

const encoded = (batch: Batch): Buffer => {
  const bytes = Buffer.alloc(encodedBytes(batch));
  encodeBatch(batch, bytes);
  return bytes;
};

describe('what a commit changes', () => {
  it.each<[string, Partial<Batch>]>([
    ['nothing', {}],
    ['a frame', { frames: [frame] }],
    ['frames, one of them empty', { frames: [frame, { topic: 'SUPERVISION', partition: 0, bytes: Buffer.alloc(0) }, frame] }],
    ['a state', { states: [state] }],
    ['a state that is gone, and an empty one', { states: [{ ...state, value: undefined }, state, { ...state, value: Buffer.alloc(0) }] }],
    ['positions', { positions: [position, { name: 'a/OK/1', position: 0 }] }],
    ['all of it', { frames: [frame, frame], states: [state, { ...state, value: undefined }], positions: [position, position] }],
  ])('is read back from the journal unchanged: %s', (_, part) => {
    const batch = { ...NOTHING, ...part };
    expect(decodeBatch(encoded(batch))).toEqual(batch);
  });

  it('is in the journal as earlier versions wrote it', () => {
    expect(encoded({ ...NOTHING, frames: [frame] }).toString('hex')).toBe(`01012c0105000000${Buffer.from('frame').toString('hex')}`);
    expect(encoded({ ...NOTHING, states: [state] }).toString('hex')).toBe(
      `0200020005000000ffffff7f${Buffer.from('state').toString('hex')}`,
    );
    expect(encoded({ ...NOTHING, states: [{ ...state, value: undefined }] }).toString('hex')).toBe('02000200ffffffffffffff7f');
    expect(encoded({ ...NOTHING, positions: [{ name: 'a/OK/1', position: 1 }] }).toString('hex')).toBe(
      `0300060008000000${Buffer.from('a/OK/1').toString('hex')}000000000000f03f`,
    );
  });

  it('is refused if a newer version wrote it, rather than misread', () => {
    const ofAnotherTopic = encoded({ ...NOTHING, frames: [frame] });
    ofAnotherTopic[1] = 200;
    expect(() => decodeBatch(ofAnotherTopic)).toThrow(
      expect.objectContaining({ code: 'data-format', message: expect.stringContaining('topic 200') }),
    );
    const ofAnotherKind = encoded({ ...NOTHING, positions: [position] });
    ofAnotherKind[0] = 4;
    expect(() => decodeBatch(ofAnotherKind)).toThrow(
      expect.objectContaining({ code: 'data-format', message: expect.stringContaining('kind 4') }),
    );
  });

  it('has frames in memory of their own, so that their columns are aligned to four bytes', () => {
    for (const { bytes } of decodeBatch(encoded({ ...NOTHING, frames: [frame, frame] })).frames)
      expect([bytes.byteOffset, bytes.buffer.byteLength]).toEqual([0, 5]);
  });
});
