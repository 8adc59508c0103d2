import { withoutEvidence } from '../../archive/brief-alarm.ts';
import type { Archive } from '../../archive/port.ts';
import { reasonOf } from '../../runtime/errors.ts';
import type { Health } from '../../runtime/health.ts';
import type { Logger } from '../../runtime/logging.ts';
import type { OpenAlarms } from './open-alarms.ts';

const PART = 'console-alarms-bound';
/** Health shows a notice from this fraction of the bound on. */
const NOTICE_FROM = 0.8;
/** Fraction of the bound below which alarms are fetched again, so that not every alarm that ends triggers a fetch. */
const FETCH_BELOW = 0.95;
const LOOK_EVERY_MS = 2_000;
const FETCHED_AT_ONCE = 1_000;
const LOOKUPS_AT_ONCE = 16;

interface Deps {
  readonly archive: Archive;
  readonly health: Health;
  readonly logger: Logger;
}

/** Why the list of open alarms is incomplete, for people; undefined: it has them all. */
export function beyondWords({ beyond, heldMax }: Pick<OpenAlarms, 'beyond' | 'heldMax'>): string | undefined {
  if (beyond === 0) return undefined;
  const [others, max] = [beyond, heldMax].map((n) => n.toLocaleString('en'));
  return `${others} more alarms are open than the ${max} that the console lists (TOCSIN_CONSOLE_ALARMS_MAX): the gravest are listed, the others are counted`;
}

/** Reports when the number of open alarms nears its bound, and fetches those that are only counted once there is room for them. */
export class AlarmBound {
  readonly #alarms: OpenAlarms;
  readonly #deps: Deps;
  #words: string | undefined;
  readonly #timer: NodeJS.Timeout;
  #fetching = false;
  #stopped = false;

  constructor(alarms: OpenAlarms, deps: Deps) {
    this.#alarms = alarms;
    this.#deps = deps;
    this.#timer = setInterval(() => void this.#look(), LOOK_EVERY_MS);
  }

  async #look(): Promise<void> {
    const words = this.#problem();
    if (words !== this.#words) this.#deps.health.notice(PART, words);
    this.#words = words;
    const { size, beyond, heldMax } = this.#alarms;
    if (this.#fetching || beyond === 0 || size - beyond > FETCH_BELOW * heldMax) return;
    this.#fetching = true;
    await this.#fetch().catch((error: unknown) =>
      this.#deps.logger.warn({ reason: reasonOf(error) }, 'open alarms that are only counted cannot be fetched, trying again'),
    );
    this.#fetching = false;
  }

  stop(): void {
    this.#stopped = true;
    clearInterval(this.#timer);
  }

  #problem(): string | undefined {
    const { size, heldMax } = this.#alarms;
    if (size > heldMax) return beyondWords(this.#alarms);
    if (size <= NOTICE_FROM * heldMax) return undefined;
    return `open alarms fill more than ${NOTICE_FROM * 100} % of the console's list (TOCSIN_CONSOLE_ALARMS_MAX): acknowledge those that are dealt with`;
  }

  async #fetch(): Promise<void> {
    const ids = this.#alarms.wanted(FETCHED_AT_ONCE);
    for (let at = 0; at < ids.length && !this.#stopped; at += LOOKUPS_AT_ONCE)
      for (const alarm of await Promise.all(ids.slice(at, at + LOOKUPS_AT_ONCE).map((id) => this.#deps.archive.find(id))))
        if (alarm && alarm !== 'damaged') this.#alarms.hold(withoutEvidence(alarm));
  }
}
