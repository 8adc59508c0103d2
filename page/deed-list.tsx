import { type Deed, isUnderWay } from './deed.ts';

const DOING = { acknowledge: 'Acknowledging', note: 'Adding the note', disposition: 'Recording the finding' } as const;
const NOUN = { acknowledge: 'The acknowledgement', note: 'The note', disposition: 'The finding' } as const;

/** The operator's actions that are under way or have failed. */
export function DeedList({ deeds, named, onDismiss }: { deeds: readonly Deed[]; named: boolean; onDismiss: (id: string) => void }) {
  return (
    <div class="deeds">
      {deeds.map((deed) => (
        <div key={deed.id} class={deed.state} role={isUnderWay(deed) || deed.state === 'done' ? 'status' : 'alert'}>
          <span>
            {named && `${deed.about}: `}
            {deedWords(deed)}
          </span>
          {!isUnderWay(deed) && (
            <button type="button" class="quiet" aria-label="Dismiss this message" onClick={() => onDismiss(deed.id)}>
              ×
            </button>
          )}
        </div>
      ))}
    </div>
  );
}

export function deedWords({ wish, state, reason }: Deed): string {
  switch (state) {
    case 'sending':
      return `${DOING[wish.kind]}…`;
    case 'asking':
      return `${DOING[wish.kind]}: outcome unknown, asking…`;
    case 'done':
      return `${NOUN[wish.kind]} is recorded.`;
    case 'refused':
      return `${NOUN[wish.kind]} was not recorded: ${reason ?? 'no reason was given'}.`;
    case 'untaken':
      return `${NOUN[wish.kind]} was not accepted: ${reason ?? 'no reason was given'}. Send it again; it is recorded at most once.`;
    case 'unknown':
      return `${NOUN[wish.kind]}: it is not known whether it was recorded. Look at the custody, or send it again; it is recorded at most once.`;
  }
}
