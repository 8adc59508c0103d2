import { setTimeout as delay } from 'node:timers/promises';
import { type ServerEvent, EventParser } from '../../page/sse.ts';

/** How long a console may take to learn which alarms are open, on a busy machine. */
const PATIENCE_MS = 60_000;
const AGAIN_MS = 250;

/** Listens to a console's live stream, as its page does. */
export class LiveEvents {
  readonly events: ServerEvent[] = [];
  readonly #abort = new AbortController();

  private constructor() {}

  /** Connects, and like the page tries again while a console doesn't know yet which alarms are open (503). */
  static async open(consoleUrl: string, token: string): Promise<LiveEvents> {
    const live = new LiveEvents();
    const headers = { authorization: `Bearer ${token}` };
    for (const began = performance.now(); ; await delay(AGAIN_MS)) {
      const response = await fetch(`${consoleUrl}/api/live`, { headers, signal: live.#abort.signal });
      if (response.ok && response.body) {
        void live.#read(response.body).catch(() => undefined);
        return live;
      }
      if (response.status !== 503 || performance.now() - began > PATIENCE_MS)
        throw new Error(`the stream was answered ${response.status}: ${await response.text()}`);
    }
  }

  /** The data of events of this name, in order. */
  named(name: string): ReturnType<typeof JSON.parse>[] {
    return this.events.filter(({ event }) => event === name).map(({ data }) => JSON.parse(data));
  }

  close(): void {
    this.#abort.abort();
  }

  async #read(body: ReadableStream<Uint8Array>): Promise<void> {
    const parser = new EventParser();
    const decoder = new TextDecoder();
    for await (const chunk of body) this.events.push(...parser.push(decoder.decode(chunk, { stream: true })));
  }
}
