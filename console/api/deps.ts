import type { TypeSet } from '../../alarm/type-set.ts';
import type { MessageLog } from '../../message-log/port.ts';
import type { Archive } from '../../archive/port.ts';
import type { History } from '../../history/port.ts';
import type { Directory } from '../../directory/port.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/logging.ts';
import type { ActionLog } from '../live/action-log.ts';
import type { AuditTrail } from '../audit/trail.ts';
import type { LiveView } from '../live/live-view.ts';
import type { Access } from '../security/access.ts';
import type { Attempts } from '../../runtime/attempts.ts';
import type { Sessions } from '../security/sessions.ts';
import type { Tokens } from '../security/tokens.ts';
import type { Users } from '../security/users.ts';

/** What the routes need. */
export interface ApiDeps {
  readonly log: MessageLog;
  readonly archive: Archive;
  readonly history: History;
  readonly directory: Directory;
  readonly types: TypeSet;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly live: LiveView;
  readonly actionLog: ActionLog;
  readonly audit: AuditTrail;
  readonly access: Access;
  readonly sessions: Sessions;
  /** The clock for sign-ins, links and attempts; setting the machine's clock does not change it, so it ends no session. */
  readonly sessionClock: Clock;
  readonly tokens: Tokens;
  readonly attempts: Attempts;
  /** Who may sign in with a name and a password; undefined: browsers sign in with tokens. */
  readonly users: Users | undefined;
  /** How long an action waits for its outcome, ms. */
  readonly answerMs: number;
  /** Shows a new sign-in link where only people who run the process can see it. */
  readonly announceLink: () => void;
}
