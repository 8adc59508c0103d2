import { type ZodType, z } from 'zod';
import type { TypeSet } from '../../alarm/type-set.ts';
import { BODY_MAX_KIB, type Route } from './route.ts';
import { problem, typeName } from './schemas.ts';

type Json = Record<string, unknown>;

/** The OpenAPI 3.1 document of the routes, from the same table that serves them. */
export function openApi(routes: readonly Route[], types: TypeSet): Json {
  const schemas: Record<string, Json> = {};
  const write = schemaWriter(types, schemas);
  const paths: Record<string, Json> = {};
  for (const route of routes) {
    paths[route.path] ??= {};
    (paths[route.path] as Json)[route.method] = operation(route, write);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Tocsin console',
      version: '1',
      description:
        'Alarms and what operators do about them. Times are in ISO 8601, UTC. Errors are `{"error": "what is wrong, in plain words"}`.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    paths,
    components: {
      schemas,
      securitySchemes: {
        token: {
          type: 'http',
          scheme: 'bearer',
          description:
            'TOCSIN_API_TOKEN (operator), TOCSIN_VIEWER_TOKEN (viewer), or a token of npm run users -- token add, with its scopes',
        },
        session: { type: 'apiKey', in: 'cookie', name: 'tocsin-<port>', description: 'Set by POST /api/session' },
      },
    },
  };
}

function operation(route: Route, write: SchemaWriter): Json {
  return {
    summary: route.summary,
    operationId: `${route.method}${route.path.replace(/^\/api/, '').replace(/[/{}.]+(\w)?/g, (_, next: string | undefined) => next?.toUpperCase() ?? '')}`,
    security: route.needs === 'nothing' ? [] : [{ token: [] }, { session: [] }],
    parameters: [
      ...parameters(route.params, 'path', write),
      ...parameters(route.query, 'query', write),
      ...parameters(route.headers, 'header', write),
    ],
    ...(route.body ? { requestBody: { required: true, content: { 'application/json': { schema: write(route.body, 'input') } } } } : {}),
    responses: responses(route, write),
  };
}

function responses(route: Route, write: SchemaWriter): Json {
  const errors: Route['answers'] = {
    400: { description: 'The request is not valid; the error says why.', schema: problem },
    401: { description: 'Not signed in, or the bearer token is not known.', schema: problem },
    ...(route.needs === 'nothing' && route.method === 'get'
      ? {}
      : { 403: { description: "Not allowed, or not sent by the console's own page.", schema: problem } }),
    ...(route.body
      ? {
          413: { description: `Larger than ${route.bodyMaxKiB ?? BODY_MAX_KIB} KiB.`, schema: problem },
          415: { description: 'Not application/json in UTF-8.', schema: problem },
        }
      : {}),
    421: { description: "Sent to a host name that is not the console's.", schema: problem },
    429: { description: 'Too many wrong tokens came from this address; Retry-After says how long to wait.', schema: problem },
    503: { description: 'A part that this needs is unavailable; try again.', schema: problem },
  };
  const documented = Object.entries({ ...errors, ...route.answers });
  return Object.fromEntries(
    documented.map(([status, { description, schema, mediaType }]) => [
      status,
      {
        description,
        ...(schema || mediaType
          ? { content: { [mediaType ?? 'application/json']: { schema: schema ? write(schema, 'output') : { type: 'string' } } } }
          : {}),
      },
    ]),
  );
}

function parameters(schema: ZodType | undefined, where: 'path' | 'query' | 'header', write: SchemaWriter): Json[] {
  if (!schema) return [];
  const { properties = {}, required = [] } = write(schema, 'input') as { properties?: Record<string, Json>; required?: string[] };
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: where,
    required: where === 'path' || required.includes(name),
    schema: property,
  }));
}

type SchemaWriter = (schema: ZodType, io: 'input' | 'output') => Json;

/** Writes zod schemas as JSON schemas; those that have an id go to `shared`. The description of a type's name lists the types in the settings. */
function schemaWriter(types: TypeSet, shared: Record<string, Json>): SchemaWriter {
  const names = types.types.map(({ name }) => name).join(', ');
  const description = `the name of a type: ${names}, or one that the settings no longer have`;
  return (schema, io) => {
    const {
      $schema: _,
      $defs = {},
      ...json
    } = z.toJSONSchema(schema, {
      io,
      unrepresentable: 'any',
      override: ({ zodSchema, jsonSchema }) => {
        if (zodSchema === typeName) jsonSchema.description = description;
      },
    }) as Json & { $defs?: Record<string, Json> };
    for (const [name, schema] of Object.entries($defs)) shared[name] = shareable(schema);
    return shareable(json);
  };
}

/** With references to where the document has its shared schemas. */
function shareable(json: Json): Json {
  return JSON.parse(JSON.stringify(json).replaceAll('"#/$defs/', '"#/components/schemas/'));
}
