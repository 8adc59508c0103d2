import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { OwnError, PermanentError, reasonOf, TransientError } from '../../../runtime/errors.ts';

const refused = (address: string, port: number): Error =>
  Object.assign(new Error(`connect ECONNREFUSED ${address}:${port}`), { code: 'ECONNREFUSED', address, port });
/** Node's error if a name has several addresses and none answers. */
const nowhere = Object.assign(new AggregateError([refused('::1', 9092), refused('127.0.0.1', 9092)], ''), { code: 'ECONNREFUSED' });
const NOWHERE = 'nobody listens there (ECONNREFUSED [::1]:9092); nobody listens there (ECONNREFUSED 127.0.0.1:9092)';

describe('the reason of a fault', () => {
  it.each([
    ['what it says itself', new OwnError('no space left'), 'no space left'],
    [
      'its cause behind it',
      new OwnError('the log cannot be opened', { cause: new PermanentError('full', 'no space left') }),
      'the log cannot be opened: no space left',
    ],
    [
      'a cause that it tells already, once',
      new TransientError('log-unavailable', 'Kafka: no leader', { cause: new OwnError('no leader') }),
      'Kafka: no leader',
    ],
    ['all addresses at which nobody answered', nowhere, NOWHERE],
    [
      'one address, though it was tried twice',
      new AggregateError([refused('::1', 1), refused('::1', 1)], ''),
      'nobody listens there (ECONNREFUSED [::1]:1)',
    ],
    ['the same behind a fetch', new TypeError('fetch failed', { cause: nowhere }), NOWHERE],
    ['a code in words, where it is a common one', coded('ECONNRESET'), 'the other side has cut the connection (ECONNRESET)'],
    ['a code as it is, where it is none', coded('EOWNERDEAD'), 'Error EOWNERDEAD'],
    ['the cause where there are no words', new OwnError('', { cause: new OwnError('no space left') }), 'no space left'],
    ['a list of problems as it was written', new OwnError('two problems:\n  - first\n  - second'), 'two problems:\n  - first\n  - second'],
    ['nothing', undefined, 'no reason was given'],
    ['an empty text', '', 'no reason was given'],
  ])('is %s', (_what, error, reason) => {
    expect(reasonOf(error)).toBe(reason);
  });

  it('is the place in our code where an error has no code', () => {
    expect(reasonOf(new RangeError('x'))).toMatch(/^RangeError at test\/unit\/runtime\/errors\.test\.ts:\d+$/);
  });

  it('ends where a fault is its own cause', () => {
    const error = new OwnError('round');
    error.cause = error;
    expect(reasonOf(error)).toBe('round');
  });

  it('is plain for what Node throws', async () => {
    const failed = (work: () => unknown): unknown => {
      try {
        return work();
      } catch (error) {
        return error;
      }
    };
    expect(reasonOf(failed(() => readFileSync('/no/such/file')))).toBe('there is no such file or folder (ENOENT)');
    expect(reasonOf(failed(() => readFileSync('/')))).toBe('it is a folder (EISDIR)');
    expect(reasonOf(failed(() => JSON.parse('{"name":"Pfister"')))).toBe('it cannot be read (SyntaxError)');
    const error = await new Promise((resolve) => connect(1, '127.0.0.1').once('error', resolve));
    expect(reasonOf(error)).toBe('nobody listens there (ECONNREFUSED 127.0.0.1:1)');
  });
});

/** The name of a client; the errors are made of it wherever a library could put words. */
const PERSON = 'Quirinia';

describe('the words of others', () => {
  it.each([
    ['in a message', new Error(PERSON)],
    ['in a message of several lines that look like a stack', new Error(`x\n    at ${PERSON} (file:///x/${PERSON}.ts:1:2)`)],
    ['behind the name of another class', new SyntaxError(`Unexpected token 'Q', "${PERSON}" is not valid JSON`)],
    ['in a cause', new Error('x', { cause: new Error(PERSON) })],
    ['in the cause of one of ours', new TransientError('away', 'it does not answer', { cause: new Error(PERSON) })],
    ['among several', new AggregateError([new Error(PERSON), PERSON], PERSON)],
    ['as text', PERSON],
    ['in an object', { message: PERSON, name: PERSON.toLowerCase(), code: `${PERSON} 5` }],
    ['in a code that is none', Object.assign(new Error('x'), { code: `no row for ${PERSON}`, type: PERSON, originalCode: PERSON })],
    [
      'in a reply',
      Object.assign(new Error('x'), { code: 'EENVELOPE', responseCode: 550, response: `550 5.1.1 <${PERSON}@x.example> unknown` }),
    ],
    ['in an answer', Object.assign(new Error(PERSON), { statusCode: 400, body: PERSON, json: { message: PERSON } })],
    ['in a status', Object.assign(new Error('x'), { statusCode: PERSON, status: PERSON, port: PERSON })],
    ['in a host', Object.assign(new Error(PERSON), { code: 'ENOTFOUND', hostname: PERSON, address: PERSON, path: `/${PERSON}` })],
    ['thrown twice over', new PermanentError('x', 'it is damaged', { cause: { cause: PERSON } })],
  ])('stay where they are: %s', (_where, error) => {
    expect(reasonOf(error)).not.toContain(PERSON);
    expect(reasonOf(error)).not.toBe('');
  });
});

function coded(code: string): Error {
  return Object.assign(new Error(''), { code });
}
