/** Queries in InfluxQL, which 1.x, 2.x and 3 all understand. */
import { HttpError } from '@influxdata/influxdb-client';
import { z } from 'zod';
import { TransientError } from '../../runtime/errors.ts';
import { type Connection, faultOf, meaningOf, missing } from './connection.ts';

/** A row by its columns; `time` in epoch ms. */
export type Row = Readonly<Record<string, string | number | boolean | null>>;

const ROWS_PER_BATCH = 5_000;
/** More than the longest line, which holds one batch of rows. */
const LINE_MAX = 32 * 1024 ** 2;
const NEWLINE = 10;

const answer = z.object({
  error: z.string().optional(),
  results: z
    .array(
      z.object({
        error: z.string().optional(),
        partial: z.boolean().optional(),
        series: z
          .array(
            z.object({
              columns: z.array(z.string()),
              values: z.array(z.array(z.union([z.string(), z.number(), z.boolean(), z.null()]))).optional(),
            }),
          )
          .optional(),
      }),
    )
    .optional(),
});

export interface Influxql {
  /**
   * The rows of one SELECT in batches, as the server sends them. Rejects with TransientError, also if the answer breaks off. `patience`: the longest
   * pause in the answer, in time-outs.
   */
  select(statement: string, patience?: number): AsyncIterable<readonly Row[]>;
  /** All rows of any statement. Rejects with TransientError. */
  execute(statement: string): Promise<readonly Row[]>;
}

export function influxqlOn(connection: Connection, bucket: string): Influxql {
  const ask = async function* (statement: string, patience = 1) {
    const path = `/query?db=${encodeURIComponent(bucket)}&epoch=ms&chunked=true&chunk_size=${ROWS_PER_BATCH}`;
    const request = {
      method: 'POST',
      path,
      body: `q=${encodeURIComponent(statement)}`,
      contentType: 'application/x-www-form-urlencoded',
    } as const;
    let more = true;
    try {
      for await (const line of linesOf(connection.stream(request, patience))) {
        const part = partOf(line, bucket);
        more = part.more;
        if (part.rows.length > 0) yield part.rows;
      }
    } catch (error) {
      throw error instanceof HttpError ? faultOf(error, bucket) : error;
    }
    if (more) throw new TransientError('history-unavailable', 'an answer of InfluxDB broke off');
  };
  return {
    select: ask,
    execute: async (statement) => {
      const rows: Row[] = [];
      for await (const batch of ask(statement)) rows.push(...batch);
      return rows;
    },
  };
}

/** Checks for errors too, because a missing database and a failed query are answered with status 200. */
function partOf(line: string, bucket: string): { rows: Row[]; more: boolean } {
  const { error, results = [] } = answer.parse(parsed(line));
  const problem = error ?? results.find((result) => result.error)?.error;
  if (problem !== undefined) {
    if (/(?:database|bucket) not found/.test(problem)) throw missing(bucket);
    throw new TransientError('history-query-failed', `InfluxDB refuses a query: ${meaningOf(problem)}`);
  }
  const rows = results.flatMap(({ series = [] }) =>
    series.flatMap(({ columns, values = [] }) =>
      values.map((row): Row => Object.fromEntries(columns.map((column, i) => [column, row[i] ?? null]))),
    ),
  );
  return { rows, more: results.some(({ partial }) => partial) };
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    throw new TransientError('history-unavailable', 'an answer of InfluxDB broke off', { cause: error });
  }
}

async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncIterable<string> {
  let pieces: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, from)) {
      const line = Buffer.concat([...pieces, chunk.subarray(from, end)]).toString();
      pieces = [];
      length = 0;
      from = end + 1;
      if (line.trim() !== '') yield line;
    }
    pieces.push(chunk.subarray(from));
    length += chunk.length - from;
    if (length > LINE_MAX) throw new TransientError('history-unavailable', 'an answer of InfluxDB has lines without end');
  }
  if (length > 0) yield Buffer.concat(pieces).toString();
}
