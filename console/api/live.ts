import { placesCoarse } from '../live/places.ts';
import { sightOf, visibleWith } from '../security/rights.ts';
import { sees } from './audited.ts';
import type { ApiDeps } from './deps.ts';
import { ApiError, callerOf, type Route, route } from './route.ts';
import { contentHash, liveQuery, noQuery, problem } from './schemas.ts';

/** A geohash of this length identifies a house. */
const EXACT = 8;

const STREAM = `Server-sent events. \`snapshot\`: \`types\`, as in GET /api/types; open alarms (at most 5,000: unacknowledged ones first, then the gravest, then
the newest; \`leftOut\` counts the others by type), the codes of sensors with open alarms (\`states\`), and sensors with faults. Then \`alarm\` at once for
each change, {event, at, alarm}; its event is raised, seen, cleared, acknowledged, noted, disposed, or located once its sensor has been found in the
directory. Every 100 ms, if any have changed, \`states\`: [sensor, code, sensor, code, …]; and \`faults\`: [{sensor, faults}], an empty list meaning
that the sensor's faults are over. \`incident\`, for each change of one: {id, version}; whoever has that version or a later one has it already. A code of 0: no alarm of the sensor is open. Any other code says how to draw the sensor: by its gravest active alarm
or, if none is active, by its gravest restored one. Bits 0-5: the place of that alarm's type in \`types\` plus 1, or 0 for a type that is no longer there;
bit 6: an alarm of the sensor is unacknowledged; bits 7-8: severity, 3 CRITICAL, 2 MAJOR, 1 MINOR, 0 WARNING; bit 9: active.
\`beat\` every 3 s (and in the snapshot): \`now\`, server time; \`log\`, its position, statuses per second and how long ago the last came
(\`lastStatusMs\`, null: none since the console started); \`detection.behindMs\`: everything that came in longer ago than this is decided, null: not
known; \`open\`: how many alarms are open, by type, active, unacknowledged, whether or not they were sent;
\`beyond\`: how many of them are only counted, since the console lists no more; \`damaged\`: how many more are open that the archive cannot read,
counted nowhere; \`faults\`: how many sensors have faults,
null: not known yet; \`incidents\`: how many incidents are open, null: none are kept here, or it is not known yet. An interrupted stream resumes by Last-Event-ID, or starts with a new snapshot.`;

export function liveRoutes(deps: ApiDeps): Route[] {
  return [
    route({
      method: 'get',
      path: '/api/live',
      summary: 'Changes as they happen.',
      needs: 'read',
      params: undefined,
      query: liveQuery,
      body: undefined,
      answers: {
        200: { description: STREAM, mediaType: 'text/event-stream' },
        429: { description: 'Too many streams of this session, or of all sessions.', schema: problem },
      },
      handle: (call) => {
        const { request, response } = call;
        const { socket } = request;
        // Nothing would tell that it is gone any more.
        if (socket.destroyed) return undefined;
        const caller = callerOf(call);
        const lastId = request.get('last-event-id') ?? call.query.last;
        response
          .status(200)
          .set({ 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store', 'x-accel-buffering': 'no' });
        const attachment = deps.live.stream.attach(response, caller, lastId);
        if (attachment.outcome === 'refused') throw new ApiError(429, attachment.reason);
        sees(deps, call, 'stream-opened');
        // An answer that still waits for the one before it never closes, only its connection does.
        socket.once('close', attachment.detach);
        response.once('close', () => {
          socket.off('close', attachment.detach);
          attachment.detach();
        });
        response.flushHeaders();
        return undefined;
      },
    }),
    route({
      method: 'get',
      path: '/api/places/{hash}',
      summary: 'Where all sensors are, for the map; the stream carries the hash.',
      needs: 'read',
      params: contentHash,
      query: noQuery,
      body: undefined,
      answers: {
        200: {
          description:
            'One block per column, little-endian: ids (4 bytes each), longitudes, latitudes (3 bytes each, 0 to 2^24-1 for the whole axis). For viewers each place is the middle of its geohash cell of five characters.',
          mediaType: 'application/octet-stream',
        },
        404: { description: 'They have changed since: the stream carries the new hash.', schema: problem },
      },
      handle: (call) => {
        const places = deps.live.places();
        if (places?.hash !== call.params.hash) throw new ApiError(404, 'the places have changed');
        sees(deps, call, 'places-read');
        const { geohashLength } = visibleWith(sightOf(callerOf(call).rights));
        call.response.status(200).set('content-type', 'application/octet-stream');
        call.response.end(geohashLength >= EXACT ? places.bytes : placesCoarse(places.bytes, geohashLength));
        return undefined;
      },
    }),
  ];
}
