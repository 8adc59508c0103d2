import { type OpenCounts, total } from './open-counts.ts';
import { count } from './time.ts';

/** How many there are, and how many the list has no room for. */
export function QueueHead({ open, unlisted }: { open: OpenCounts | undefined; unlisted: OpenCounts | undefined }) {
  const left = unlisted && total(unlisted.byType);
  return (
    <div class="queue-head">
      <h2>Queue</h2>
      <span>{open ? `${count(total(open.unacknowledged))} new, ${count(total(open.byType))} open` : 'how many are open is not known'}</span>
      {unlisted !== undefined && left !== undefined && left > 0 && (
        <span class="problem">
          {count(left)} not listed, {count(unlisted.byType.smoke)} of them smoke
        </span>
      )}
    </div>
  );
}
