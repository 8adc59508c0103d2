import { describe, expect, it } from 'vitest';
import { reasonOf, TransientError } from '../../../runtime/errors.ts';

const refused = (address: string): Error => Object.assign(new Error(`connect ECONNREFUSED ${address}`), { code: 'ECONNREFUSED' });
/** As Node gives it where a name has several addresses and none answers. */
const nowhere = Object.assign(new AggregateError([refused('::1:9092'), refused('127.0.0.1:9092')], ''), { code: 'ECONNREFUSED' });

describe('the reason of a fault', () => {
  it.each([
    ['what it says itself', new Error('no space left'), 'no space left'],
    [
      'its cause behind it',
      new Error('the log cannot be opened', { cause: new Error('no space left') }),
      'the log cannot be opened: no space left',
    ],
    [
      'a cause that it tells already, once',
      new TransientError('log-unavailable', 'Kafka: no leader', { cause: new Error('no leader') }),
      'Kafka: no leader',
    ],
    ['all addresses at which nobody answered', nowhere, 'connect ECONNREFUSED ::1:9092; connect ECONNREFUSED 127.0.0.1:9092'],
    [
      'one address, though it was tried twice',
      new AggregateError([refused('[::1]:1'), refused('[::1]:1')], ''),
      'connect ECONNREFUSED [::1]:1',
    ],
    [
      'the same behind a fetch',
      new TypeError('fetch failed', { cause: nowhere }),
      'fetch failed: connect ECONNREFUSED ::1:9092; connect ECONNREFUSED 127.0.0.1:9092',
    ],
    ['the code where there are no words', Object.assign(new Error(''), { code: 'ECONNRESET' }), 'ECONNRESET'],
    [
      'the code where the words after a colon are missing',
      Object.assign(new Error('Connection error: '), { code: 'ECONNREFUSED' }),
      'Connection error: ECONNREFUSED',
    ],
    ['the cause where there are no words', new Error('', { cause: new Error('no space left') }), 'no space left'],
    ['its kind where there is nothing else', new RangeError(''), 'RangeError'],
    ['a cause that is no error', new Error('stopped', { cause: 'SIGTERM' }), 'stopped: SIGTERM'],
    ['a list of problems as it was written', new Error('two problems:\n  - first\n  - second'), 'two problems:\n  - first\n  - second'],
    ['a text', 'no', 'no'],
    ['an object', { code: 5 }, '{ code: 5 }'],
    ['nothing', undefined, 'no reason was given'],
    ['an empty text', '', 'no reason was given'],
  ])('is %s', (_what, error, reason) => {
    expect(reasonOf(error)).toBe(reason);
  });

  it('ends where a fault is its own cause', () => {
    const error = new Error('round');
    error.cause = error;
    expect(reasonOf(error)).toBe('round');
  });
});
