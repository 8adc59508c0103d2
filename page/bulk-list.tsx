import { type Bulk, bulkWords, isUnderWay, needsALook } from './bulk.ts';

interface Props {
  readonly bulks: readonly Bulk[];
  readonly mayAct: boolean;
  readonly onRepeat: (id: string) => void;
  readonly onDismiss: (id: string) => void;
}

/** The outcomes of alarms that were acknowledged together. */
export function BulkList({ bulks, mayAct, onRepeat, onDismiss }: Props) {
  return (
    <div class="deeds">
      {bulks.map((bulk) => (
        <div key={bulk.id} class={needsALook(bulk) ? 'unknown' : bulk.state} role={needsALook(bulk) ? 'alert' : 'status'}>
          <span>{bulkWords(bulk)}</span>
          {bulk.state === 'untaken' && (
            <button type="button" disabled={!mayAct} onClick={() => onRepeat(bulk.id)}>
              Send again
            </button>
          )}
          {!isUnderWay(bulk) && (
            <button type="button" class="quiet" aria-label="Dismiss this message" onClick={() => onDismiss(bulk.id)}>
              ×
            </button>
          )}
        </div>
      ))}
    </div>
  );
}
