import type { ArchivedAlarm, BriefAlarm } from './port.ts';

export function withoutEvidence(alarm: ArchivedAlarm): BriefAlarm {
  const { evidence: _, ...brief } = alarm;
  return brief;
}
