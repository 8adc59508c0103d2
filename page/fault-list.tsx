import type { FaultAnswer } from '../console/api/schemas.ts';
import { faultWords } from './faults.ts';
import type { KnownTypes } from './types.ts';

/** The faults of a sensor. */
export function FaultList({ faults, types, now }: { faults: readonly FaultAnswer[]; types: KnownTypes; now: number }) {
  if (faults.length === 0) return null;
  return (
    <div class="problem faults">
      <p>This sensor has a fault; alarms may be missing:</p>
      <ul>
        {faults.map((fault) => (
          <li key={`${fault.detector} ${fault.reason}`}>{faultWords(fault, types, now)}</li>
        ))}
      </ul>
    </div>
  );
}
