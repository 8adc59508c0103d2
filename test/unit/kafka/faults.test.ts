import { describe, expect, it } from 'vitest';
import { DUPLICATE_SEQUENCE, isFencing, isRetried, nameOf, produceFault, unavailable } from '../../../kafka/faults.ts';

/** Names and numbers as Kafka's Errors.java has them. */
const ERRORS: readonly (readonly [number, string, RegExp])[] = [
  [1, 'OFFSET_OUT_OF_RANGE', /position is out of range/],
  [3, 'UNKNOWN_TOPIC_OR_PARTITION', /no such topic/],
  [5, 'LEADER_NOT_AVAILABLE', /no leader/],
  [6, 'NOT_LEADER_OR_FOLLOWER', /leader has moved/],
  [7, 'REQUEST_TIMED_OUT', /did not confirm in time/],
  [9, 'REPLICA_NOT_AVAILABLE', /replica is missing/],
  [10, 'MESSAGE_TOO_LARGE', /record is too large/],
  [18, 'RECORD_LIST_TOO_LARGE', /batch is larger than a segment/],
  [19, 'NOT_ENOUGH_REPLICAS', /too few replicas are/],
  [20, 'NOT_ENOUGH_REPLICAS_AFTER_APPEND', /too few replicas were/],
  [29, 'TOPIC_AUTHORIZATION_FAILED', /not allowed to use the topic/],
  [32, 'INVALID_TIMESTAMP', /time of a record/],
  [45, 'OUT_OF_ORDER_SEQUENCE_NUMBER', /batch before this one is missing/],
  [47, 'INVALID_PRODUCER_EPOCH', /another owner/],
  [51, 'CONCURRENT_TRANSACTIONS', /still being completed/],
  [53, 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED', /not allowed to use the transactional id/],
  [56, 'KAFKA_STORAGE_ERROR', /disk has failed/],
  [59, 'UNKNOWN_PRODUCER_ID', /producer is no longer known/],
  [90, 'PRODUCER_FENCED', /another owner/],
  [100, 'UNKNOWN_TOPIC_ID', /deleted and created again/],
  [103, 'INCONSISTENT_TOPIC_ID', /deleted and created again/],
];

describe('an error of Kafka', () => {
  it.each(ERRORS)('%i, %s, has a text', (code, _, words) => {
    expect(nameOf(code)).toMatch(words);
  });

  it('without a text is given by its number', () => {
    const known = new Set(ERRORS.map(([code]) => code));
    for (let code = 1; code < 130; code += 1) expect(/^error \d+$/.test(nameOf(code))).toBe(!known.has(code));
    expect(nameOf(87)).toBe('error 87');
    // The broker already has the batch.
    expect(DUPLICATE_SEQUENCE).toBe(46);
  });

  it('that is temporary is retried: brokers that stop, leaders that move, replicas that are behind', () => {
    const retried = Array.from({ length: 130 }, (_, code) => code).filter(isRetried);
    expect(retried).toEqual([3, 5, 6, 7, 8, 9, 13, 19, 20, 56, 74, 75]);
  });

  it('fences a replaced producer, permanently refuses a record that is too large, and is temporary otherwise', () => {
    const faults = new Map<string, number[]>();
    for (let code = 1; code < 130; code += 1) {
      const { name, code: kind } = produceFault('ALARM/3', code);
      faults.set(`${name} ${kind}`, [...(faults.get(`${name} ${kind}`) ?? []), code]);
    }
    expect(faults.get('PermanentError fenced')).toEqual([47, 90]);
    expect(faults.get('PermanentError record-too-large')).toEqual([10, 18]);
    expect(faults.get('TransientError log-unavailable')).toHaveLength(125);
    expect([46, 47, 48, 89, 90, 91].map(isFencing)).toEqual([false, true, false, false, true, false]);
    expect(produceFault('ALARM/3', 10).message).toBe('ALARM/3: a record is too large for the topic');
    expect(produceFault('ALARM/3', 29).message).toBe('Kafka: ALARM/3: not allowed to use the topic');
  });

  it('keeps its cause', () => {
    const cause = new Error('connection refused');
    expect(unavailable('no broker answers', cause)).toMatchObject({ message: 'Kafka: no broker answers', cause });
    expect('cause' in unavailable('no broker answers')).toBe(false);
  });
});
