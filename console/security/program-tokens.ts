import { reasonOf } from '../../runtime/errors.ts';
import type { Logger } from '../../runtime/logging.ts';
import { type ApiToken, readAccounts } from './users-file.ts';
import { hashOfToken, rightsOfScopes } from './api-token.ts';
import type { Rights } from './rights.ts';

/** Disabling a token takes effect within this time, as on the console. */
const READ_AGAIN_MS = 5_000;

/**
 * The tokens of programs in the users file, for ports that are not the console's. Only /metrics depends on it there: a file that cannot be read is logged,
 * changes nothing and stops nothing.
 */
export class ProgramTokens {
  readonly #path: string;
  readonly #logger: Logger;
  readonly #timer: NodeJS.Timeout;
  #byHash: ReadonlyMap<string, ApiToken> = new Map();
  #fails = false;

  private constructor(path: string, logger: Logger) {
    this.#path = path;
    this.#logger = logger;
    this.#timer = setInterval(() => void this.readAgain(), READ_AGAIN_MS).unref();
  }

  /** Never rejects. */
  static async open(path: string, logger: Logger): Promise<ProgramTokens> {
    const tokens = new ProgramTokens(path, logger);
    await tokens.readAgain();
    return tokens;
  }

  /** What the token allows; undefined: there is no such token, or it is disabled. */
  rightsOf(bearer: string): Rights | undefined {
    const token = this.#byHash.get(hashOfToken(bearer));
    return token === undefined || token.disabled ? undefined : rightsOfScopes(token.scopes);
  }

  /** Never rejects. */
  async readAgain(): Promise<void> {
    try {
      const { tokens } = await readAccounts(this.#path);
      this.#byHash = new Map(tokens.map((token) => [token.hash, token]));
      this.#fails = false;
    } catch (error) {
      if (!this.#fails)
        this.#logger.warn(
          { reason: reasonOf(error) },
          'the users file cannot be read here: of its tokens, only those known before open /metrics',
        );
      this.#fails = true;
    }
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
  }
}
