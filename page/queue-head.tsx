import { type OpenCounts, total } from './open-counts.ts';
import { count } from './time.ts';
import type { KnownTypes } from './types.ts';

interface Props {
  readonly types: KnownTypes;
  readonly open: OpenCounts | undefined;
  readonly unlisted: OpenCounts | undefined;
  /** Number of open alarms that the server does not list either. */
  readonly beyond: number;
  /** Number of further open alarms that the server can't read. */
  readonly damaged: number;
  /** Number of listed alarms of sensors that no client has. */
  readonly quarantined: number;
  readonly hidesQuarantined: boolean;
  readonly onHideQuarantined: (hides: boolean) => void;
  /** Undefined for viewers. */
  readonly onSeveral: (() => void) | undefined;
}

/** That open alarms are missing. */
export function damagedWords(damaged: number): string {
  return damaged === 1 ? '1 open alarm cannot be read' : `${count(damaged)} open alarms cannot be read`;
}

/** How many alarms there are, and how many the list has no room for. */
export function QueueHead(props: Props) {
  const { types, open, unlisted, beyond, damaged, quarantined, hidesQuarantined, onHideQuarantined, onSeveral } = props;
  const left = unlisted && total(unlisted.byType);
  const gravest = types.gravestFirst.find(({ lifeSafety }) => lifeSafety);
  return (
    <div class="queue-head">
      <h2>Queue</h2>
      <span>
        {open ? `${count(total(open.unacknowledged))} new, ${count(total(open.byType))} open` : 'the number of open alarms is not known'}
      </span>
      {unlisted !== undefined && left !== undefined && left > 0 && (
        <span
          class="problem"
          title={beyond > 0 ? `The console lists the gravest; ${count(beyond)} more are only counted until others have ended.` : undefined}
        >
          {count(left)} not listed
          {beyond > 0 && `, ${count(beyond)} only counted`}
          {gravest && `, ${count(unlisted.byType[gravest.name] ?? 0)} of them ${gravest.text}`}
        </span>
      )}
      {damaged > 0 && (
        <span class="problem" title="Their rows in the archive are damaged. GET /api/alarms names them; npm run repair restores them.">
          {damagedWords(damaged)}
        </span>
      )}
      {quarantined > 0 && (
        <button
          type="button"
          class="quiet quarantined"
          aria-pressed={hidesQuarantined}
          title={`No client had their sensors. They are listed and mailed after all others. Press to ${hidesQuarantined ? 'list them' : 'leave them out of the list'}.`}
          onClick={() => onHideQuarantined(!hidesQuarantined)}
        >
          {count(quarantined)} quarantined, {hidesQuarantined ? 'hidden' : 'last'}
        </button>
      )}
      {onSeveral && (
        <button type="button" class="quiet" aria-haspopup="dialog" onClick={onSeveral}>
          Acknowledge several… <kbd>S</kbd>
        </button>
      )}
    </div>
  );
}
