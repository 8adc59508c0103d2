import { type ServerEvent, EventParser } from '../../console/page/sse.ts';

/** Listens to a console's live stream, as its page does. */
export class LiveEvents {
  readonly events: ServerEvent[] = [];
  readonly #abort = new AbortController();

  private constructor() {}

  static async open(consoleUrl: string, token: string): Promise<LiveEvents> {
    const live = new LiveEvents();
    const headers = { authorization: `Bearer ${token}` };
    const response = await fetch(`${consoleUrl}/api/live`, { headers, signal: live.#abort.signal });
    if (!response.body) throw new Error(`the stream was answered ${response.status}`);
    void live.#read(response.body).catch(() => undefined);
    return live;
  }

  /** What events of this name said, in order. */
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
