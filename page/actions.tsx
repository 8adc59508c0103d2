import { NOTE_MAX } from '../alarm/action.ts';
import { DISPOSITIONS, type Disposition } from '../alarm/alarm.ts';
import { isOver, isUnacknowledged } from '../alarm/lifecycle.ts';
import type { ListedAlarm, WholeAlarm } from '../console/api/schemas.ts';
import type { Operator } from './operator.ts';
import type { Store } from './store.ts';

const LABELS: Readonly<Record<Disposition, string>> = {
  genuine: 'Genuine',
  false: 'False alarm',
  test: 'Test',
  aborted: 'Aborted',
  unknown: 'Unknown',
};

interface Props {
  readonly store: Store;
  readonly operator: Operator;
  readonly alarm: ListedAlarm | WholeAlarm;
}

/** What can be done about an alarm. The same controls in every state of the alarm, so that nothing moves or vanishes under the pointer. */
export function Actions({ store, operator, alarm }: Props) {
  const { state, mayAct } = store;
  const draft = state.drafts.get(alarm.id) ?? '';
  const setDraft = (text: string): void => store.update(({ drafts }) => drafts.set(alarm.id, text));
  return (
    <div class="actions">
      <Acknowledge store={store} operator={operator} alarm={alarm} />
      <fieldset>
        <legend>It turned out to be</legend>
        {DISPOSITIONS.map((value) => (
          <button
            key={value}
            type="button"
            aria-pressed={alarm.disposition === value}
            disabled={!mayAct}
            onClick={() => operator.setDisposition(alarm.id, value)}
          >
            {LABELS[value]}
          </button>
        ))}
      </fieldset>
      <form
        key={alarm.id}
        onSubmit={(event) => {
          event.preventDefault();
          operator.addNote(alarm.id);
        }}
      >
        <label for="note">
          Note <kbd>O</kbd>
        </label>
        <textarea id="note" rows={2} maxLength={NOTE_MAX} value={draft} onInput={(event) => setDraft(event.currentTarget.value)} />
        <button type="submit" disabled={!mayAct || draft.trim() === ''}>
          Add note
        </button>
      </form>
    </div>
  );
}

function Acknowledge({ store, operator, alarm }: Props) {
  if (isUnacknowledged(alarm))
    return (
      <button type="button" class="primary" disabled={!store.mayAct} onClick={() => operator.acknowledge(alarm.id)}>
        Acknowledge <kbd>A</kbd>
      </button>
    );
  return (
    <p class="acknowledged">
      Acknowledged{alarm.acknowledgedBy && ` by ${alarm.acknowledgedBy}`}
      {isOver(alarm) && '. The alarm has ended; you can still add notes and what it turned out to be'}
    </p>
  );
}
