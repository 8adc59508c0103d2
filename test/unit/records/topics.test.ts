import { expect, it } from 'vitest';
import { rowOf, TOPICS, topicOfId } from '../../../records/topics.ts';

it('keeps the numbers that journals of earlier versions have for topics', () => {
  const inJournals = { ENTRY: 0, OK: 1, ACTION: 2, ALARM: 3, COUNT: 4, STATE: 5, DELIVERY: 6, DEAD: 7, SUPERVISION: 8, AUDIT: 9 };
  expect(Object.fromEntries(TOPICS.map((topic) => [topic, rowOf(topic).id]))).toMatchObject(inJournals);
});

it('has a number for every topic, and no topic for a number that was never given', () => {
  expect(TOPICS.map((topic) => topicOfId(rowOf(topic).id))).toEqual(TOPICS);
  expect(topicOfId(255)).toBeUndefined();
});
