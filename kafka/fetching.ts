import type { Client, Lane } from './client.ts';
import {
  FETCH,
  FETCH_BY_ID,
  type FetchAnswer,
  type FetchedPartition,
  type FetchLimits,
  fetchByIdRequest,
  fetchedSets,
  fetchedSetsById,
  fetchRequest,
} from './wire/fetch.ts';

/**
 * Fetches partitions that one broker leads, by topic id where the broker supports it, so that nobody reads on in another topic of the same name.
 * Resolves with the sets and the size of the answer in bytes. Rejects with TransientError.
 */
export async function fetchFrom(
  client: Client,
  node: number,
  lane: Lane,
  limits: FetchLimits,
  partitions: readonly FetchedPartition[],
  timeoutMs: number,
): Promise<FetchAnswer & { readonly size: number }> {
  if (client.supports(node, FETCH_BY_ID) && partitions.every(({ topicId }) => topicId !== undefined)) {
    const response = await client.exchange(node, lane, FETCH_BY_ID, fetchByIdRequest(limits, partitions), timeoutMs);
    return { ...fetchedSetsById(response, partitions), size: response.length };
  }
  const response = await client.exchange(node, lane, FETCH, fetchRequest(limits, partitions), timeoutMs);
  return { ...fetchedSets(response), size: response.length };
}
