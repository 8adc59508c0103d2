/** The API for sensors, served at /openapi.json. */
import { conditionText } from '../../alarm/condition.ts';
import { SENSOR_ID_MAX, STATUS_BYTES_MAX } from '../../alarm/status.ts';
import type { Field, TypeSet } from '../../alarm/type-set.ts';

/** In °C, as all temperatures are. */
const TEMPERATURES = ['temperature', 'maxTemperature'];

const id = { type: 'integer', minimum: 0, maximum: SENSOR_ID_MAX, description: "The sensor's id" };
const at = {
  oneOf: [{ type: 'string', format: 'date-time' }, { type: 'integer' }],
  description: "The sensor's own time: ISO 8601 with a zone, or epoch ms",
};
const seq = {
  type: 'integer',
  minimum: 0,
  description:
    "The sensor's counter: a reading with the same seq and the same bytes as one shortly before is that one sent again, so that a repeated request does no harm",
};

const statusOf = (types: TypeSet) => ({
  type: 'object',
  required: ['id'],
  description: `One reading of a sensor. Values may also be strings that hold the literal, booleans 0 or 1. A field that is absent or can not be read (null, "", "unavailable", bare nan) raises nothing and causes a warning; the reading is accepted nevertheless. Unknown fields are allowed and kept. At most ${STATUS_BYTES_MAX} bytes.`,
  properties: { id, ...Object.fromEntries(types.fields.map((field) => [field.name, fieldSchema(field, types)])), at, seq },
  example: { id: 42_959, motion: true, smoke: false, temperature: 25.5, maxTemperature: 30 },
});

function fieldSchema({ name, kind, types: readers }: Field, types: TypeSet) {
  const read = types.types
    .filter((_, i) => (readers & (1 << i)) !== 0)
    .map((type) => `${type.name}: a hit where ${conditionText(type.when)}`);
  const description = [...(TEMPERATURES.includes(name) ? ['°C'] : []), ...read].join('; ');
  return { type: kind, ...(description !== '' && { description }) };
}

const recovery = {
  type: 'object',
  required: ['id'],
  description: 'The sensor has recovered: its alarms are cleared. A whole status is accepted, too.',
  properties: { id, at },
  example: { id: 42_959 },
};

const rejected = {
  type: 'array',
  maxItems: 202,
  items: {
    type: 'object',
    required: ['index', 'error'],
    properties: { index: { type: 'integer', minimum: 0 }, error: { type: 'string' } },
  },
};
const warnings = {
  type: 'array',
  maxItems: 100,
  description: 'Fields of accepted records that are missing or can not be read',
  items: {
    type: 'object',
    required: ['index', 'field', 'warning'],
    properties: { index: { type: 'integer', minimum: 0 }, field: { type: 'string' }, warning: { type: 'string' } },
  },
};
const json = (schema: object) => ({ 'application/json': { schema } });
const errorSchema = { type: 'object', required: ['error'], properties: { error: { type: 'string' } } };
const outcomeSchema = {
  type: 'object',
  required: ['accepted'],
  properties: {
    accepted: { type: 'integer', minimum: 0 },
    rejected,
    rejectedOmitted: {
      type: 'integer',
      minimum: 1,
      description: 'How many more members were refused since no client has their sensor: of these, only the first 100 are listed',
    },
    notReadFrom: {
      type: 'integer',
      minimum: 100,
      description:
        'More than 100 members were refused, so the rest was not read: nothing from this index on was accepted. Correct it and send it again',
    },
    warnings,
    warningsOmitted: { type: 'integer', minimum: 1, description: 'How many more warnings there are' },
  },
};
const outcome = (description: string) => ({ description, content: json(outcomeSchema) });
/** The whole request is refused with an error, or each of its members with its own. */
const refusal = (description: string) => ({
  description,
  content: json({ type: 'object', properties: { ...errorSchema.properties, ...outcomeSchema.properties } }),
});
const failure = (description: string) => ({ description, content: json(errorSchema) });
const later = (description: string) => ({
  ...failure(description),
  headers: { 'Retry-After': { schema: { type: 'integer' }, description: 'Seconds' } },
});

const bodyOf = (name: string) => ({
  required: true,
  content: {
    'application/json': {
      schema: { oneOf: [{ $ref: `#/components/schemas/${name}` }, { type: 'array', items: { $ref: `#/components/schemas/${name}` } }] },
    },
    'application/x-ndjson': { schema: { type: 'string', description: `One ${name} per line` } },
  },
});

const sharedFailures = {
  401: failure("The sensor's key or the gateway's token is missing, wrong, or another sensor's"),
  403: failure(
    'Sent by a web page that is not our own; or no client has the sensor, or any of the sensors, and such are refused (TOCSIN_UNKNOWN_SENSORS)',
  ),
  408: failure('The request was not complete in time'),
  409: failure('A signed request with a nonce that was accepted before: nothing was taken again'),
  413: failure('The body is too large, or has too many records'),
  415: {
    ...failure('Not JSON or NDJSON in UTF-8, or compressed, or sent by a web page without a preflight'),
    headers: {
      Accept: { schema: { type: 'string' }, description: 'The accepted types, if the Content-Type was wrong' },
      'Accept-Encoding': { schema: { type: 'string' }, description: 'identity, if the body was compressed' },
    },
  },
  421: failure('Sent to a host name that is not ours'),
  431: failure('The headers are too large'),
  429: later('This client has sent more than it may'),
  503: later(
    "The log takes no records (a full disk, brokers that can not be reached, this machine's clock is off), too much is waiting, the proxy is stopping, or a sensor alternates between readings and recoveries faster than time passes. Whether the records are stored is unknown: send them again",
  ),
};

const ingest = (name: string, summary: string) => ({
  post: {
    summary,
    security: [{ bearer: [] }, { key: [] }, { signature: [] }, {}],
    requestBody: bodyOf(name),
    responses: {
      202: outcome('Every record is durable'),
      207: outcome('The records that are not listed as rejected are durable'),
      400: outcome('No record was valid'),
      411: failure('Neither Content-Length nor Transfer-Encoding'),
      ...sharedFailures,
      401: refusal(sharedFailures[401].description),
      403: refusal(sharedFailures[403].description),
    },
  },
});

const kafkaPixy = (parameters: readonly object[] = []) => ({
  post: {
    summary: "One record, in kafka-pixy's form. Answered after the durable write with and without sync",
    security: [{ bearer: [] }, { key: [] }, { signature: [] }, {}],
    parameters: [
      ...parameters,
      { name: 'topic', in: 'path', required: true, schema: { enum: ['ENTRY', 'OK'] } },
      { name: 'key', in: 'query', schema: { type: 'string' }, description: 'Not used: the key of a record is the id in it' },
      { name: 'sync', in: 'query', schema: {}, allowEmptyValue: true, description: 'Present: answer with partition and offset' },
    ],
    requestBody: {
      required: true,
      content: {
        'text/plain': { schema: { type: 'string' } },
        'application/json': { schema: { $ref: '#/components/schemas/Status' } },
        'application/x-www-form-urlencoded': { schema: { type: 'object', required: ['msg'], properties: { msg: { type: 'string' } } } },
      },
    },
    responses: {
      200: {
        description: 'The record is durable',
        content: json({ type: 'object', properties: { partition: { type: 'integer' }, offset: { type: 'integer' } } }),
      },
      400: failure('The request or its record is not valid'),
      404: failure('No such topic'),
      401: sharedFailures[401],
      403: sharedFailures[403],
      408: sharedFailures[408],
      409: sharedFailures[409],
      413: sharedFailures[413],
      415: sharedFailures[415],
      421: sharedFailures[421],
      429: sharedFailures[429],
      431: sharedFailures[431],
      503: sharedFailures[503],
    },
  },
});

const reasons = (description: string) => ({ type: 'object', description, additionalProperties: { type: 'string' } });
const readiness = (description: string) => ({
  description,
  content: json({
    type: 'object',
    required: ['status'],
    description: 'Callers who may see the metrics get the reasons too, by part',
    properties: {
      status: { enum: ['ready', 'not ready'] },
      problems: reasons('Why it is not ready'),
      elsewhere: reasons('What is wrong with other roles of its process'),
      notices: reasons('What works, but should be looked at'),
    },
  }),
});
const probe = (summary: string, responses: object) => ({ get: { summary, responses } });

export const openapiOf = (types: TypeSet) => ({
  openapi: '3.1.0',
  info: {
    title: 'Tocsin ingest',
    version: '1',
    description: 'Sensors send their statuses and recoveries here.',
    license: { name: 'Apache-2.0' },
  },
  paths: {
    '/entry': ingest('Status', 'Store statuses'),
    '/ok': ingest('Recovery', 'Store recoveries'),
    '/topics/{topic}/messages': kafkaPixy(),
    '/clusters/{cluster}/topics/{topic}/messages': kafkaPixy([
      { name: 'cluster', in: 'path', required: true, schema: { type: 'string' }, description: 'Any name' },
    ]),
    '/_ping': probe("Alive, in kafka-pixy's form", { 200: { description: 'pong', content: { 'text/plain': {} } } }),
    '/healthz': probe('Alive', { 200: { description: 'Alive' } }),
    '/readyz': probe('Able to store records', {
      200: readiness('Ready'),
      503: readiness('Not ready'),
      429: later('Too many wrong tokens came from this address'),
    }),
    '/metrics': {
      get: {
        summary: 'Metrics for Prometheus',
        security: [{ metrics: [] }, {}],
        responses: {
          200: { description: 'Metrics', content: { 'text/plain': {} } },
          401: failure('Only for callers with a token for metrics, or from this machine if no other reaches it'),
          429: later('Too many wrong tokens came from this address'),
        },
      },
    },
  },
  components: {
    schemas: { Status: statusOf(types), Recovery: recovery },
    securitySchemes: {
      bearer: { type: 'http', scheme: 'bearer', description: "A sensor's key or a gateway's token" },
      key: { type: 'apiKey', in: 'header', name: 'X-Tocsin-Key' },
      signature: {
        type: 'apiKey',
        in: 'header',
        name: 'X-Tocsin-Signature',
        description:
          "In place of the key: WHO.SECONDS.MAC, with the sensor's id or the gateway's name, epoch seconds, and the base64url HMAC-SHA256 under the key or token of SECONDS, a line feed, the path, a line feed and the body. Accepted within TOCSIN_SIGNED_WITHIN of that time. Or WHO.SECONDS.NONCE.MAC, with 16 to 32 letters, digits, - and _ that are different in every request, and another line feed and NONCE after SECONDS in what the MAC is over: it is accepted once, and answered with 409 from then on",
      },
      metrics: { type: 'http', scheme: 'bearer', description: 'TOCSIN_METRICS_TOKEN' },
    },
  },
});
