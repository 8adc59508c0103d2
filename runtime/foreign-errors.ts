/**
 * Describes errors that are not our own: those of libraries, of Node, of servers. Their messages may quote the input that failed, such as a client's row or
 * a line of a mail, so they are never passed on. What is kept is enough: the error's code, explained in our own words if it is a common one, the address
 * that was tried, and, if there is nothing else, the place in our code where it happened.
 */
import { isIP } from 'node:net';
import { dirname } from 'node:path';
import { sentenceOf } from './error-codes.ts';

/** What errors carry besides their message; each library sets some of these. */
interface Carried {
  readonly name?: unknown;
  /** Set by Node, lmdb, kafkajs, nodemailer and the Cassandra driver. */
  readonly code?: unknown;
  /** nodemailer keeps Node's code here, beside its own. */
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
  if (typeof error !== 'object' || error === null) return 'an error without a code';
  const { name, stack }: Carried = error;
  return codedReasonOf(error) ?? (isName(name) ? name : 'Error') + placeOf(stack);
}

/** Undefined for an error that carries no code. */
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
 * The code of a mail server's reply and, if it has one, the enhanced status (RFC 3463): `550 5.1.1`. Omits the text, since servers often repeat the
 * recipient's address, which may be a client's. Undefined if the text is not a reply.
 */
export function smtpStatusOf(reply: string): string | undefined {
  const [, code, enhanced] = /^(\d{3})(?:[ -]|$)(?:([245]\.\d{1,3}\.\d{1,3})\b)?/.exec(reply) ?? [];
  return code === undefined ? undefined : enhanced === undefined ? code : `${code} ${enhanced}`;
}

function smtpReplyOf({ responseCode, response }: Carried): string | undefined {
  const status = typeof response === 'string' ? smtpStatusOf(response) : undefined;
  return status ?? (typeof responseCode === 'number' ? String(responseCode) : undefined);
}

/** Accepts codes of a single word in capitals, others only if they are known here, and numbers (lmdb's, Cassandra's). */
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

/** The place in our code where the error happened. Considers only stack lines that name one of our files: others may be part of the message. */
function placeOf(stack: unknown): string {
  if (typeof stack !== 'string') return '';
  for (const line of stack.split('\n')) {
    const at = line.indexOf(ROOT);
    const [, place] = at < 0 ? [] : (/^([\w./-]+\.ts:\d+):\d+\)?$/.exec(line.slice(at + ROOT.length)) ?? []);
    if (place !== undefined && line.trimStart().startsWith('at ') && !place.startsWith('node_modules/')) return ` at ${place}`;
  }
  return '';
}
