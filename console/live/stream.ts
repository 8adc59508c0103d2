import { randomBytes } from 'node:crypto';
import type { Clock } from '../../runtime/clock.ts';
import type { Caller } from '../security/access.ts';
import { type Sight, sightOf } from '../security/rights.ts';
import { EventRing, type Frame } from './event-ring.ts';

/** The part of a ServerResponse that a stream needs. */
export interface Sink {
  write(chunk: Buffer): boolean;
  readonly writableLength: number;
  end(): void;
  destroy(): void;
}

export interface StreamSettings {
  readonly streamsMax: number;
  /** Less than six, because a browser opens at most six connections to a server and streams must not take them all. */
  readonly perCallerMax: number;
  /** A reader with more unread bytes than this is cut off; it reconnects and resumes. */
  readonly bufferBytesMax: number;
  readonly ringFrames: number;
  readonly ringBytes: number;
}

export const STREAM_SETTINGS: Omit<StreamSettings, 'streamsMax'> = {
  perCallerMax: 4,
  bufferBytesMax: 8 * 1024 * 1024,
  ringFrames: 2_000,
  ringBytes: 8 * 1024 * 1024,
};

export interface StreamEvent {
  readonly event: string;
  /** Called once per sight. */
  readonly data: (sight: Sight) => unknown;
}

interface Attached {
  readonly sink: Sink;
  readonly caller: Caller;
  readonly sight: Sight;
  /** Bytes of its snapshot that couldn't be sent at once. Until they are sent, they are allowed in addition to `bufferBytesMax`. */
  snapshotBytes: number;
}

interface Snapshot {
  readonly at: number;
  /** Number of the last event that it contains. */
  readonly seq: number;
  readonly bytes: Buffer;
}

export type Attachment =
  | { readonly outcome: 'attached'; readonly detach: () => void }
  | { readonly outcome: 'refused'; readonly reason: string };

/** After this long without any stream, nothing is kept for readers that reconnect. */
const KEEP_MS = 60_000;
/** Browsers that connect within this time, such as all of them after a restart, share a snapshot: with many alarms one takes a tenth of a second. */
const SNAPSHOT_FOR_MS = 500;

/** Sends every event to all attached streams, and sends readers that reconnect what they missed. */
export class LiveStream {
  readonly #streams = new Set<Attached>();
  readonly #ring: EventRing;
  /** Different in every run, so that an event id of an earlier run is never mistaken for one of this. */
  readonly #run = randomBytes(6).toString('base64url');
  readonly #settings: StreamSettings;
  readonly #clock: Clock;
  readonly #snapshot: (sight: Sight) => unknown;
  readonly #snapshots = new Map<Sight, Snapshot>();
  #next = 1;
  #lastUse = Number.NEGATIVE_INFINITY;
  dropped = 0;

  constructor(settings: StreamSettings, clock: Clock, snapshot: (sight: Sight) => unknown) {
    this.#settings = settings;
    this.#clock = clock;
    this.#snapshot = snapshot;
    this.#ring = new EventRing(settings.ringFrames, settings.ringBytes);
  }

  get size(): number {
    return this.#streams.size;
  }

  /** Names of those who can act and have a stream open. */
  operators(): string[] {
    return [...new Set([...this.#streams].filter(({ caller }) => !onlyLooks(caller)).map(({ caller }) => caller.name))];
  }

  /** `lastEventId`: the last event that the browser saw. It is sent the events after that, or a snapshot if they are no longer held. */
  attach(sink: Sink, caller: Caller, lastEventId: string | undefined): Attachment {
    const own = [...this.#streams].filter((other) => other.caller.key === caller.key).length;
    if (own >= this.#settings.perCallerMax)
      return { outcome: 'refused', reason: `this session has ${own} live streams open already: close another window of the console first` };
    const viewers = onlyLooks(caller) ? [...this.#streams].filter((other) => onlyLooks(other.caller)).length : 0;
    if (this.#streams.size >= this.#settings.streamsMax || (viewers > 0 && viewers >= Math.floor(this.#settings.streamsMax / 2)))
      return { outcome: 'refused', reason: 'too many live streams are open, try again later' };
    const sight = sightOf(caller.rights);
    const stream: Attached = { sink, caller, sight, snapshotBytes: 0 };
    const missed = this.#missed(lastEventId);
    if (missed) for (const frame of missed) sink.write(frame.bytes[sight]);
    else {
      this.#begin(sink, sight);
      stream.snapshotBytes = sink.writableLength;
    }
    this.#streams.add(stream);
    this.#lastUse = this.#clock();
    return { outcome: 'attached', detach: () => this.#detach(stream) };
  }

  /** Writes a snapshot; if it is a shared one, also the events since. */
  #begin(sink: Sink, sight: Sight): void {
    const now = this.#clock();
    const kept = this.#snapshots.get(sight);
    const since = kept && now - kept.at < SNAPSHOT_FOR_MS ? this.#ring.after(kept.seq, this.#next) : undefined;
    if (kept && since) {
      sink.write(kept.bytes);
      for (const frame of since) sink.write(frame.bytes[sight]);
      return;
    }
    const seq = this.#next - 1;
    const bytes = frameBytes(this.#id(seq), 'snapshot', this.#snapshot(sight));
    this.#snapshots.set(sight, { at: now, seq, bytes });
    sink.write(bytes);
  }

  /** Events that must not be missed, in one write. */
  publish(events: readonly StreamEvent[]): void {
    if (events.length === 0) return;
    if (this.#streams.size === 0 && this.#clock() - this.#lastUse > KEEP_MS) {
      // Nobody is attached, and the next reader starts with a snapshot.
      this.#ring.clear();
      this.#next += events.length;
      return;
    }
    const frames = events.map((event) => this.#frame(event));
    for (const frame of frames) this.#ring.push(frame);
    const bytes = {
      full: Buffer.concat(frames.map((frame) => frame.bytes.full)),
      limited: Buffer.concat(frames.map((frame) => frame.bytes.limited)),
    };
    for (const stream of [...this.#streams]) this.#write(stream, bytes[stream.sight]);
  }

  /** Sends the heartbeat, which is not kept, and ends the streams whose session is over. */
  beat(data: unknown): void {
    const now = this.#clock();
    const bytes = frameBytes(undefined, 'beat', data);
    for (const [sight, { at }] of this.#snapshots) if (now - at >= SNAPSHOT_FOR_MS) this.#snapshots.delete(sight);
    for (const stream of [...this.#streams]) {
      const { session } = stream.caller;
      if (session && now >= session.until) this.#end(stream);
      else this.#write(stream, bytes);
    }
  }

  endStreamsOf(callerKey: string): void {
    for (const stream of [...this.#streams]) if (stream.caller.key === callerKey) this.#end(stream);
  }

  close(): void {
    for (const stream of [...this.#streams]) this.#end(stream);
  }

  #missed(lastEventId: string | undefined) {
    const [run, seq] = (lastEventId ?? '').split('.');
    if (run !== this.#run || !/^\d{1,15}$/.test(seq ?? '')) return undefined;
    return this.#ring.after(Number(seq), this.#next);
  }

  #frame({ event, data }: StreamEvent): Frame {
    const seq = this.#next;
    this.#next += 1;
    const bytesFor = (sight: Sight): Buffer => frameBytes(this.#id(seq), event, data(sight));
    return { seq, bytes: { full: bytesFor('full'), limited: bytesFor('limited') } };
  }

  #id(seq: number): string {
    return `${this.#run}.${seq}`;
  }

  #write(stream: Attached, bytes: Buffer): void {
    stream.sink.write(bytes);
    const unread = stream.sink.writableLength;
    if (unread <= this.#settings.bufferBytesMax) stream.snapshotBytes = 0;
    if (unread <= this.#settings.bufferBytesMax + stream.snapshotBytes) return;
    this.dropped += 1;
    this.#detach(stream);
    stream.sink.destroy();
  }

  #end(stream: Attached): void {
    this.#detach(stream);
    stream.sink.end();
  }

  #detach(stream: Attached): void {
    this.#lastUse = this.#clock();
    this.#streams.delete(stream);
  }
}

/** Streams are reserved for those who can act. */
const onlyLooks = ({ rights }: Caller): boolean => !rights.has('acknowledge');

function frameBytes(id: string | undefined, event: string, data: unknown): Buffer {
  return Buffer.from(`${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
}
