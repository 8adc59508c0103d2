import { SEVERITIES } from '../../alarm/severity.ts';
import { isOpen } from '../../incident/incident.ts';
import { falseRate } from '../../incident/false-rate.ts';
import { responses } from '../../incident/response.ts';
import { listedIncidentJson, wholeIncidentJson } from './incident-json.ts';
import type { IncidentNow } from '../../records/incident-record.ts';
import type { IncidentView } from '../incidents/incident-view.ts';
import { compareForOperators } from '../incidents/known-incidents.ts';
import { sightOf, visibleWith } from '../security/rights.ts';
import { sees } from './audited.ts';
import type { ApiDeps } from './deps.ts';
import { responseCsv } from './response-csv.ts';
import { ApiError, type Call, callerOf, ok, type Route, route } from './route.ts';
import { noQuery, problem } from './schemas.ts';
import {
  incidentId,
  incidentPage,
  incidentsQuery,
  type ResponseAnswer,
  responseAnswer,
  responseQuery,
  wholeIncident,
} from './schemas-incidents.ts';

export const NOT_KEPT = { description: 'No incidents are kept here, or they are not known yet.', schema: problem } as const;
const NOT_RECORDED = 'the audit trail cannot record at the moment that you see the premises: try again';

/** What can be read of incidents. */
export function incidentRoutes(deps: ApiDeps): Route[] {
  return [
    route({
      method: 'get',
      path: '/api/incidents',
      summary:
        'Incidents: open ones first, the gravest of them first, then the oldest. Closed ones as far as the console holds them, a day at least.',
      needs: 'read',
      params: undefined,
      query: incidentsQuery,
      body: undefined,
      answers: { 200: { description: 'A page of them.', schema: incidentPage }, 503: NOT_KEPT },
      handle: (call) => {
        const view = knownIncidents(deps);
        const sight = sightOf(callerOf(call).rights);
        if (call.query.site !== undefined && !visibleWith(sight).premises)
          throw new ApiError(403, 'the premises of incidents are for those who may see clients');
        const { page, cursor } = pageOf(view, call.query);
        const recorded = sees(deps, call, 'incidents-listed', []);
        noteShown(deps, call, page);
        const problems = [view.doubt, recorded ? undefined : NOT_RECORDED].filter((text) => text !== undefined);
        const incidents = page.map((incident) => listedIncidentJson(incident, recorded ? sight : 'limited'));
        return ok({ incidents, cursor, ...(problems.length > 0 && { problems }) });
      },
    }),
    route({
      method: 'get',
      path: '/api/incidents/{id}',
      summary: 'One with its members and what has happened to it; of one that was merged into another, that other.',
      needs: 'read',
      params: incidentId,
      query: noQuery,
      body: undefined,
      answers: {
        200: { description: 'As it is now.', schema: wholeIncident },
        404: { description: 'The console knows no such incident.', schema: problem },
        503: NOT_KEPT,
      },
      handle: (call) => {
        const view = knownIncidents(deps);
        const known = view.incidents.survivor(call.params.id);
        if (!known) throw new ApiError(404, 'the console knows no such incident: it may have been closed long ago');
        const { id, version } = known.incident;
        const recorded = sees(deps, call, 'incident-viewed', [{ incident: id, version }]);
        noteShown(deps, call, [known.incident]);
        const sight = recorded ? sightOf(callerOf(call).rights) : 'limited';
        return ok(wholeIncidentJson(known, sight, view.doubt ?? (recorded ? undefined : NOT_RECORDED)));
      },
    }),
    route({
      method: 'get',
      path: '/api/response',
      summary: 'How quick operators were, and how many alarms were false, from the incidents that the console holds.',
      needs: 'read',
      params: undefined,
      query: responseQuery,
      body: undefined,
      answers: { 200: { description: 'As JSON; with `format=csv` the percentiles as CSV.', schema: responseAnswer }, 503: NOT_KEPT },
      handle: ({ query, response }) => {
        const answer = responseOf(knownIncidents(deps), query);
        if (query.format === 'json') return ok(answer);
        response.status(200).set('content-type', 'text/csv; charset=utf-8').end(responseCsv(answer.response));
        return undefined;
      },
    }),
  ];
}

/** The incidents; throws a 503 if it isn't known which there are. */
export function knownIncidents({ live }: Pick<ApiDeps, 'live'>): IncidentView {
  const { problem: reason } = live.incidents;
  if (reason !== undefined) throw new ApiError(503, reason);
  return live.incidents;
}

type Query = ReturnType<typeof incidentsQuery.parse>;

function pageOf({ incidents }: IncidentView, { phase, kind, site, severity, limit, cursor }: Query) {
  const among = phase === 'open' ? incidents.open() : incidents.all();
  const matching: IncidentNow[] = [];
  const after = cursor === undefined ? undefined : cursorKey(cursor);
  for (const { incident } of among) {
    const matches =
      (phase === 'open' || phase === 'all' || incident.phase === phase) &&
      (kind ?? incident.kind) === incident.kind &&
      (site === undefined || incident.place?.site === site) &&
      (severity ?? incident.severity) === incident.severity;
    if (matches && (!after || compareForOperators(after, incident) < 0)) matching.push(incident);
  }
  matching.sort(compareForOperators);
  const page = matching.slice(0, limit);
  const last = page.at(-1);
  return { page, cursor: last && matching.length > limit ? cursorOf(last) : null };
}

/** By place in the order, not by count: what opens or closes meanwhile shifts nothing. */
function cursorOf(incident: IncidentNow): string {
  return [isOpen(incident) ? 0 : 1, SEVERITIES.indexOf(incident.severity), incident.openedAt, incident.id].join('.');
}

function cursorKey(cursor: string) {
  const [closed, severity, openedAt, id = ''] = cursor.split('.');
  return {
    phase: closed === '1' ? ('CLOSED' as const) : ('NEW' as const),
    severity: SEVERITIES[Number(severity)] ?? 'WARNING',
    openedAt: Number(openedAt),
    id,
  };
}

/** When an operator first saw it is a part of how quick they were. */
function noteShown({ live, logger }: ApiDeps, { caller }: Call<unknown, unknown, unknown>, incidents: readonly IncidentNow[]): void {
  if (!caller?.session || !caller.rights.has('acknowledge')) return;
  live.incidents.shown.note(incidents.filter(isOpen), caller.name, () => logger.debug('that incidents were shown could not be written'));
}

function responseOf(
  view: IncidentView,
  { from, to }: { readonly from?: string | undefined; readonly to?: string | undefined },
): ResponseAnswer {
  const [begin, end] = [
    from === undefined ? Number.NEGATIVE_INFINITY : Date.parse(from),
    to === undefined ? Number.POSITIVE_INFINITY : Date.parse(to),
  ];
  const among = [...view.incidents.all()].map(({ incident }) => incident).filter(({ openedAt }) => openedAt >= begin && openedAt < end);
  const falseAlarms = SEVERITIES.map((severity) => {
    const { share, ...rate } = falseRate(among.filter((incident) => incident.severity === severity));
    return { severity, ...rate, share: share ?? null };
  });
  return { response: responses(among), falseAlarms, ...(view.doubt !== undefined && { problems: [view.doubt] }) };
}
