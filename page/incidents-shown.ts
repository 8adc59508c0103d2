import type { ListedIncidentAnswer, WholeIncidentAnswer } from '../console/api/schemas-incidents.ts';

/** The view of incidents, while it is open. */
export interface IncidentsShown {
  readonly list: readonly ListedIncidentAnswer[];
  /** There are more than are listed. */
  readonly hasMore: boolean;
  /** What may be missing, or why the list can't be had. */
  readonly problems: readonly string[];
  /** The one whose members and custody are shown. */
  readonly opened: WholeIncidentAnswer | undefined;
  /** What became of the last action, in words; undefined: nothing need be said. */
  readonly said: string | undefined;
  readonly isUnderWay: boolean;
}
