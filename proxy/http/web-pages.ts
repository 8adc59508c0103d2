import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';
import { HOUR_MS } from '../../runtime/durations.ts';
import { hostNameIn, isNameOfPages } from '../../runtime/host-name.ts';
import { isLoopback } from '../../runtime/listen.ts';
import type { Logger } from '../../runtime/logging.ts';
import { type Answer, errorAnswer } from './answers.ts';

/** Content types that a page may send anywhere without a preflight (the CORS safelist); so is a missing one. */
const NEEDS_NO_PREFLIGHT = /^(?:text\/plain|application\/x-www-form-urlencoded|multipart\/form-data)\s*(?:;|$)/i;

const FOREIGN_PAGE = errorAnswer(403, 'sent by a web page of another origin, which may not send for sensors (Origin, Sec-Fetch-Site)');
const NO_PREFLIGHT = errorAnswer(415, 'web pages must send with Content-Type application/json or application/x-ndjson', [
  'Accept',
  'application/json, application/x-ndjson',
]);
export const FOREIGN_HOST = errorAnswer(
  421,
  'this proxy does not answer to this host name (TOCSIN_INGEST_URL sets those that senders use)',
);

/**
 * Keeps web pages from sending for sensors: a page could make any browser that can reach this port do so. Decided by headers that only browsers send
 * (sensors send any content type, and hardly ever an Origin), and by Host, against pages whose host name was pointed here (DNS rebinding).
 */
export class WebPages {
  /** Whether foreign host names are refused: if only this machine may reach the proxy, or if its names are configured. */
  readonly #checksHost: boolean;
  readonly #names: ReadonlySet<string>;
  readonly #origins: ReadonlySet<string>;
  readonly #logger: Logger;
  #lastHost: string | undefined;
  #warnedAt = Number.NEGATIVE_INFINITY;

  /** `host`: where the proxy listens. `urls`: the origins by which senders reach it. */
  constructor(host: string, urls: readonly string[], logger: Logger) {
    this.#logger = logger;
    this.#checksHost = isLoopback(host) || urls.length > 0;
    this.#names = new Set(['localhost', hostNameIn(host), ...urls.map((url) => new URL(url).hostname)]);
    this.#origins = new Set(urls);
  }

  /** The answer that refuses a request with records by its headers alone. `proven`: it has a credential, which no page could know. */
  refusal(headers: IncomingHttpHeaders, proven: boolean): Answer | undefined {
    const site = headers['sec-fetch-site'];
    if (headers.origin === undefined && site === undefined) return proven || this.mayCall(headers.host) ? undefined : FOREIGN_HOST;
    if (!proven && !this.#isOurs(headers)) return FOREIGN_PAGE;
    const type = headers['content-type'];
    return !type || NEEDS_NO_PREFLIGHT.test(type) ? NO_PREFLIGHT : undefined;
  }

  /** Whether the proxy answers requests for this host name. */
  mayCall(host: string | undefined): boolean {
    if (!this.#checksHost || host === this.#lastHost || !host) return true;
    const name = hostNameIn(host);
    if (!this.#isOurName(name) && isNameOfPages(name)) {
      this.#warn(name);
      return false;
    }
    this.#lastHost = host;
    return true;
  }

  /** Logs a refused name, at most once an hour: otherwise nobody would notice sensors that use it. */
  #warn(name: string): void {
    const now = performance.now();
    if (now - this.#warnedAt < HOUR_MS) return;
    this.#warnedAt = now;
    this.#logger.warn(
      { host: name.slice(0, 100) },
      'a request by a host name that is not ours was refused: if sensors use it, name it in TOCSIN_INGEST_URL',
    );
  }

  #isOurs({ origin, host = '', 'sec-fetch-site': site }: IncomingHttpHeaders): boolean {
    if (site !== undefined && site !== 'same-origin') return false;
    if (origin !== undefined && this.#origins.has(origin)) return true;
    if (origin !== undefined && origin !== `http://${host}`) return false;
    return this.#isOurName(hostNameIn(host));
  }

  #isOurName(name: string): boolean {
    return this.#names.has(name) || isIP(name) !== 0;
  }
}
