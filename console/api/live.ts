import type { ApiDeps } from './deps.ts';
import { ApiError, callerOf, type Route, route } from './route.ts';
import { contentHash, liveQuery, noQuery, problem } from './schemas.ts';

const STREAM = `Server-sent events. \`snapshot\`: open alarms (5,000 at most: those that nobody has acknowledged first, then the gravest, then the newest;
\`leftOut\` says how many more there are of each type), sensors that are not well, and those with faults. Then \`alarm\` for each change at once,
{event, at, alarm}; its event is raised, seen, cleared, acknowledged, noted, disposed, or located once the directory has told where it is. Every 100 ms,
where some changed, \`states\`: [sensor, code, sensor, code, …], bits 0-2 for motion, smoke, temperature active, bits 3-5 for unacknowledged; and
\`faults\`: [{sensor, faults}], none being over. \`beat\` every 3 s (and in the snapshot): \`now\`, server time; \`log\`, its position, statuses per
second and how long ago the last came (\`lastStatusMs\`, null: none since the console looks); \`detection.behindMs\`: all that had come in so long ago
is decided, and null: nothing proves it; \`open\`: how many alarms are open, by type, active, unacknowledged, whether or not they were sent; \`faults\`:
how many sensors have faults, null: not known yet. A stream that was cut resumes by Last-Event-ID, or starts with a new snapshot.`;

export function liveRoutes(deps: ApiDeps): Route[] {
  return [
    route({
      method: 'get',
      path: '/api/live',
      summary: 'What goes on, live.',
      who: 'viewer',
      params: undefined,
      query: liveQuery,
      body: undefined,
      answers: {
        200: { description: STREAM, mediaType: 'text/event-stream' },
        429: { description: 'Too many streams of this session, or of all.', schema: problem },
      },
      handle: (call) => {
        const { request, response } = call;
        const caller = callerOf(call);
        const lastId = request.get('last-event-id') ?? call.query.last;
        response
          .status(200)
          .set({ 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store', 'x-accel-buffering': 'no' });
        const attachment = deps.live.stream.attach(response, caller, lastId);
        if (attachment.outcome === 'refused') throw new ApiError(429, attachment.reason);
        response.on('close', attachment.detach);
        response.flushHeaders();
        return undefined;
      },
    }),
    route({
      method: 'get',
      path: '/api/places/{hash}',
      summary: 'Where all sensors are, for the map; the stream tells the hash.',
      who: 'viewer',
      params: contentHash,
      query: noQuery,
      body: undefined,
      answers: {
        200: {
          description:
            'In one block per column, little-endian: ids (4 bytes each), longitudes, latitudes (3 bytes each, 0 to 2^24-1 for the whole axis).',
          mediaType: 'application/octet-stream',
        },
        404: { description: 'They have changed since: the stream tells the new hash.', schema: problem },
      },
      handle: ({ params, response }) => {
        const places = deps.live.places();
        if (places?.hash !== params.hash) throw new ApiError(404, 'the places have changed');
        response.status(200).set({ 'content-type': 'application/octet-stream', 'cache-control': 'private, max-age=31536000, immutable' });
        response.end(places.bytes);
        return undefined;
      },
    }),
  ];
}
