import { describe, expect, it } from 'vitest';
import { type Sink, LiveStream, type StreamSettings, STREAM_SETTINGS } from '../../../console/live/stream.ts';
import type { Caller } from '../../../console/security/access.ts';
import { rightsOfRole } from '../../../console/security/rights.ts';

class Recorder implements Sink {
  readonly text: string[] = [];
  writableLength = 0;
  ended = false;
  destroyed = false;
  write(chunk: Buffer): boolean {
    this.text.push(chunk.toString());
    return true;
  }
  end(): void {
    this.ended = true;
  }
  destroy(): void {
    this.destroyed = true;
  }
  get events(): { id: string | undefined; event: string; data: unknown }[] {
    return this.text
      .join('')
      .split('\n\n')
      .filter((block) => block !== '')
      .map((block) => ({
        id: /^id: (.*)$/m.exec(block)?.[1],
        event: /^event: (.*)$/m.exec(block)?.[1] ?? '',
        data: JSON.parse(/^data: (.*)$/m.exec(block)?.[1] ?? 'null'),
      }));
  }
}

const operator: Caller = { rights: rightsOfRole('operator'), role: 'operator', name: 'op', key: 'session-1', session: undefined };
const viewer: Caller = { rights: rightsOfRole('viewer'), role: 'viewer', name: 'eye', key: 'session-2', session: undefined };
let now = 0;
const streamOf = (settings: Partial<StreamSettings> = {}) =>
  new LiveStream(
    { ...STREAM_SETTINGS, streamsMax: 100, ...settings },
    () => now,
    (sight) => ({ whole: sight }),
  );
const event = (n: number) => ({ event: 'alarm', data: (sight: string) => ({ n, sight }) });
const numbers = (sink: Recorder) => sink.events.filter(({ event: name }) => name === 'alarm').map(({ data }) => (data as { n: number }).n);

describe('the live stream', () => {
  it('starts with a snapshot and goes on with what happens, to each what it may see', () => {
    const stream = streamOf();
    const [one, two] = [new Recorder(), new Recorder()];
    stream.attach(one, operator, undefined);
    stream.attach(two, viewer, undefined);
    stream.publish([event(1), event(2)]);
    expect(one.events.map(({ event: name, data }) => [name, data])).toEqual([
      ['snapshot', { whole: 'full' }],
      ['alarm', { n: 1, sight: 'full' }],
      ['alarm', { n: 2, sight: 'full' }],
    ]);
    expect(two.events.at(-1)?.data).toEqual({ n: 2, sight: 'limited' });
    expect(one.text).toHaveLength(2);
  });

  it('resumes after the last event that was seen, wherever the cut was', () => {
    const stream = streamOf();
    const first = new Recorder();
    const attached = stream.attach(first, operator, undefined);
    stream.publish([event(1), event(2), event(3)]);
    if (attached.outcome === 'attached') attached.detach();
    stream.publish([event(4), event(5)]);
    first.events.forEach(({ id }, seen) => {
      const later = new Recorder();
      const again = stream.attach(later, operator, id);
      expect(numbers(later)).toEqual([1, 2, 3, 4, 5].slice(seen));
      expect(later.events.some(({ event: name }) => name === 'snapshot')).toBe(false);
      if (again.outcome === 'attached') again.detach();
    });
  });

  it.each(['', 'nonsense', 'other-run.3', '.', 'x.-1'])('starts anew with a snapshot for the id %j', (id) => {
    const stream = streamOf();
    stream.attach(new Recorder(), viewer, undefined);
    stream.publish([event(1)]);
    const sink = new Recorder();
    stream.attach(sink, operator, id);
    expect(sink.events.map(({ event: name }) => name)).toEqual(['snapshot']);
  });

  it('starts anew when what was missed is no longer held, and never leaves a gap', () => {
    const stream = streamOf({ ringFrames: 3 });
    const first = new Recorder();
    stream.attach(first, operator, undefined);
    stream.publish([1, 2, 3, 4, 5].map(event));
    const ids = first.events.map(({ id }) => id);
    const [tooLate, justInTime] = [new Recorder(), new Recorder()];
    stream.attach(tooLate, operator, ids[1]);
    stream.attach(justInTime, operator, ids[2]);
    expect(tooLate.events.map(({ event: name }) => name)).toEqual(['snapshot']);
    expect(numbers(justInTime)).toEqual([3, 4, 5]);
  });

  it('keeps nothing when nobody has listened for a minute', () => {
    const stream = streamOf();
    const first = new Recorder();
    const attached = stream.attach(first, operator, undefined);
    stream.publish([event(1)]);
    if (attached.outcome === 'attached') attached.detach();
    now += 61_000;
    stream.publish([event(2)]);
    const later = new Recorder();
    stream.attach(later, operator, first.events.at(-1)?.id);
    expect(later.events.map(({ event: name }) => name)).toEqual(['snapshot']);
  });

  it('refuses the fifth stream of a session in words, and those beyond the limit of all', () => {
    const stream = streamOf({ streamsMax: 5 });
    for (let i = 0; i < 4; i += 1) expect(stream.attach(new Recorder(), operator, undefined).outcome).toBe('attached');
    expect(stream.attach(new Recorder(), operator, undefined)).toMatchObject({
      outcome: 'refused',
      reason: expect.stringContaining('4 live streams'),
    });
    expect(stream.attach(new Recorder(), viewer, undefined).outcome).toBe('attached');
    expect(stream.attach(new Recorder(), { ...viewer, key: 'session-3' }, undefined).outcome).toBe('refused');
  });

  it('keeps half of the streams for operators', () => {
    const stream = streamOf({ streamsMax: 100 });
    const outcomes = Array.from(
      { length: 25 * 4 },
      (_, i) => stream.attach(new Recorder(), { ...viewer, key: `viewer-${i >> 2}` }, undefined).outcome,
    );
    expect(outcomes.filter((outcome) => outcome === 'attached')).toHaveLength(50);
    expect(stream.attach(new Recorder(), operator, undefined).outcome).toBe('attached');
  });

  it('cuts off a reader that does not keep up, and no other', () => {
    const stream = streamOf({ bufferBytesMax: 1_000 });
    const [slow, quick] = [new Recorder(), new Recorder()];
    stream.attach(slow, operator, undefined);
    stream.attach(quick, viewer, undefined);
    slow.writableLength = 1_001;
    stream.publish([event(1)]);
    expect([slow.destroyed, quick.destroyed]).toEqual([true, false]);
    expect([stream.size, stream.dropped]).toEqual([1, 1]);
  });

  it('makes one snapshot for all who come at about the same time, and each has all that came since', () => {
    let made = 0;
    const stream = new LiveStream(
      { ...STREAM_SETTINGS, streamsMax: 100, ringFrames: 3 },
      () => now,
      () => {
        made += 1;
        return { made };
      },
    );
    const come = (caller = operator): Recorder => {
      const sink = new Recorder();
      const attached = stream.attach(sink, caller, undefined);
      if (attached.outcome === 'attached') attached.detach();
      return sink;
    };
    const words = (sink: Recorder) => sink.events.map(({ id, data }) => [id?.split('.')[1], JSON.stringify(data)]);
    come();
    stream.publish([event(1), event(2)]);
    expect(words(come())).toEqual([
      ['0', '{"made":1}'],
      ['1', '{"n":1,"sight":"full"}'],
      ['2', '{"n":2,"sight":"full"}'],
    ]);
    expect(words(come(viewer))).toEqual([['2', '{"made":2}']]);
    stream.publish([event(3), event(4)]);
    // What is between is not held any more.
    expect(words(come())).toEqual([['4', '{"made":3}']]);
    now += 1_000;
    expect(words(come())).toEqual([['4', '{"made":4}']]);
  });

  it('lets a reader have the time for a large snapshot, and then no more than others', () => {
    const stream = streamOf({ bufferBytesMax: 1_000 });
    const sink = new Recorder();
    sink.writableLength = 50_000;
    stream.attach(sink, operator, undefined);
    stream.publish([event(1)]);
    expect(sink.destroyed).toBe(false);
    sink.writableLength = 900;
    stream.publish([event(2)]);
    sink.writableLength = 1_001;
    stream.publish([event(3)]);
    expect(sink.destroyed).toBe(true);
  });

  it('beats without an id, and ends the streams of sessions that are over', () => {
    const stream = streamOf();
    const [lasting, over] = [new Recorder(), new Recorder()];
    stream.attach(lasting, operator, undefined);
    stream.attach(
      over,
      { ...viewer, session: { key: 's', role: 'viewer', name: 'eye', mark: '', since: 0, usedAt: 0, until: now } },
      undefined,
    );
    stream.beat({ now: 1 });
    expect(lasting.events.at(-1)).toEqual({ id: undefined, event: 'beat', data: { now: 1 } });
    expect([over.ended, stream.size]).toEqual([true, 1]);
  });
});
