/**
 * Errors of others: of libraries, of Node, of servers that answered. Their words may quote what they choked on, a row of a client or a line of a mail,
 * so they are never passed on. What is kept says enough: a code that they carry, in a sentence of ours where it is a common one, the address that was
 * tried, and where in our code it happened if there is nothing else.
 */
import { isIP } from 'node:net';
import { dirname } from 'node:path';
import { sentenceOf } from './error-codes.ts';

/** What errors carry beside their words; each library has some of it. */
interface Carried {
  readonly name?: unknown;
  /** Node, lmdb, kafkajs, nodemailer, the driver of Cassandra. */
  readonly code?: unknown;
  /** nodemailer keeps Node's code here, behind its own. */
  readonly originalCode?: unknown;
  /** kafkajs (`NOT_COORDINATOR_FOR_GROUP`), and Express's reader of bodies (`entity.too.large`). */
  readonly type?: unknown;
  /** HTTP: Express, InfluxDB. */
  readonly status?: unknown;
  readonly statusCode?: unknown;
  /** SMTP. */
  readonly responseCode?: unknown;
  readonly response?: unknown;
  readonly address?: unknown;
  readonly port?: unknown;
  readonly stack?: unknown;
}

/** `nobody listens there (ECONNREFUSED 127.0.0.1:9092)`, `the log-in was refused (EAUTH, 535 5.7.8)`, `TypeError at console/app.ts:120`. */
export function foreignReasonOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return 'a fault without a code';
  const { name, stack }: Carried = error;
  return codedReasonOf(error) ?? (isName(name) ? name : 'Error') + placeOf(stack);
}

/** Undefined for an error without any code. */
export function codedReasonOf(carried: Carried): string | undefined {
  const codes = [carried.originalCode, carried.code, carried.type].filter(isCode);
  const replies = [smtpReplyOf(carried), statusOf(carried)].filter((reply) => reply !== undefined);
  const name = isName(carried.name) ? carried.name : undefined;
  const sentence = [...codes, ...replies, name].map((key) => (key === undefined ? undefined : sentenceOf(key))).find(Boolean);
  const facts = [[...new Set(codes)].join(', ') + addressOf(carried), replies.join(' ')].filter((fact) => fact !== '');
  if (sentence !== undefined) return `${sentence} (${facts.join(', ') || name})`;
  return facts.length > 0 ? `${name ?? 'Error'} ${facts.join(', ')}` : undefined;
}

/**
 * Of a mail server's reply the code and, if it has one, the enhanced status (RFC 3463): `550 5.1.1`. Its text is left out, since servers like to repeat
 * the address of the recipient, who may be a client. Undefined for what isn't a reply.
 */
export function smtpStatusOf(reply: string): string | undefined {
  const [, code, enhanced] = /^(\d{3})(?:[ -]|$)(?:([245]\.\d{1,3}\.\d{1,3})\b)?/.exec(reply) ?? [];
  return code === undefined ? undefined : enhanced === undefined ? code : `${code} ${enhanced}`;
}

function smtpReplyOf({ responseCode, response }: Carried): string | undefined {
  const status = typeof response === 'string' ? smtpStatusOf(response) : undefined;
  return status ?? (typeof responseCode === 'number' ? String(responseCode) : undefined);
}

/** Codes are of one word, and its letters are capitals; of the others only those that we know. Numbers are lmdb's, Cassandra's and such. */
function isCode(code: unknown): code is string | number {
  if (typeof code === 'number') return Number.isInteger(code);
  return typeof code === 'string' && (/^[A-Z][A-Z0-9_]{2,63}$/.test(code) || sentenceOf(code) !== undefined);
}

function statusOf({ statusCode, status }: Carried): string | undefined {
  const given = statusCode ?? status;
  return typeof given === 'number' && Number.isInteger(given) ? String(given) : undefined;
}

function isName(name: unknown): name is string {
  return typeof name === 'string' && /^[A-Z]\w{1,63}$/.test(name);
}

function addressOf({ address, port }: Carried): string {
  if (typeof address !== 'string' || isIP(address) === 0) return '';
  const host = isIP(address) === 6 ? `[${address}]` : address;
  return typeof port === 'number' ? ` ${host}:${port}` : ` ${host}`;
}

const ROOT = `${dirname(import.meta.dirname)}/`;

/** Where our code was when it happened. Only lines of the stack that name a file of ours are looked at: others may be of the message. */
function placeOf(stack: unknown): string {
  if (typeof stack !== 'string') return '';
  for (const line of stack.split('\n')) {
    const at = line.indexOf(ROOT);
    const [, place] = at < 0 ? [] : (/^([\w./-]+\.ts:\d+):\d+\)?$/.exec(line.slice(at + ROOT.length)) ?? []);
    if (place !== undefined && line.trimStart().startsWith('at ') && !place.startsWith('node_modules/')) return ` at ${place}`;
  }
  return '';
}
