import type { FaultAnswer } from '../api/schemas.ts';
import { faultWords } from './faults.ts';

/** What of a sensor can't be relied upon. */
export function FaultList({ faults, now }: { faults: readonly FaultAnswer[]; now: number }) {
  if (faults.length === 0) return null;
  return (
    <div class="problem faults">
      <p>This sensor has a fault, alarms may be missing:</p>
      <ul>
        {faults.map((fault) => (
          <li key={`${fault.detector} ${fault.reason}`}>{faultWords(fault, now)}</li>
        ))}
      </ul>
    </div>
  );
}
