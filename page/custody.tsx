import type { WholeAlarm } from '../console/api/schemas.ts';
import { offset } from './time.ts';

type Step = WholeAlarm['custody'][number];

const WORDS: Readonly<Record<string, string>> = {
  accepted: 'reading accepted',
  raised: 'alarm raised',
  cleared: 'sensor restored',
  acknowledged: 'acknowledged',
  noted: 'note',
  disposed: 'found to be',
  mailed: 'mailed',
  'mail-parked': 'mail could not be sent',
};

/** The steps in the life of an alarm, each with its distance from the moment when the alarm was raised, and with its proof. */
export function Custody({ steps, raisedAt }: { steps: readonly Step[]; raisedAt: number }) {
  if (steps.length === 0) return <p class="dim">Nothing is recorded yet.</p>;
  return (
    <ol class="custody">
      {steps.map((step, i) => (
        <li key={`${i} ${step.kind}`} class={step.kind}>
          <time dateTime={step.at} title={step.at}>
            {offset(Date.parse(step.at) - raisedAt)}
          </time>
          <div>
            <b>{WORDS[step.kind] ?? step.kind}</b>
            {step.note && ` ${step.note}`}
            {step.by && ` by ${step.by}`}
            <span class="proof">{[step.position, step.reply, step.messageId].filter(Boolean).join(' · ')}</span>
          </div>
        </li>
      ))}
    </ol>
  );
}
