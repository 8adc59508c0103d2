/** A commit while leaders and coordinators move: it continues only if nothing can have been written without its knowledge. */
import { describe, expect, it } from 'vitest';
import { NotSent } from '../../../../kafka/faults.ts';
import type { Broker } from '../../../../kafka/kafkajs.ts';
import type { TransactionPart } from '../../../../message-log/kafka/transaction-parts.ts';
import { type TransactionClient, TransactionalProducer } from '../../../../message-log/kafka/transactions.ts';
import { BatchWriter } from '../../../../kafka/wire/batch-writer.ts';
import { RequestWriter } from '../../../../kafka/wire/request-writer.ts';
import { TransientError } from '../../../../runtime/errors.ts';

const INIT = 22;
const REGISTER = 24;
const END = 26;
const WRITE = 0;

const answered = (type: string): Error => new TransientError('log-unavailable', type, { cause: Object.assign(new Error(type), { type }) });
const lost = (): Error => new TransientError('log-unavailable', 'the connection was closed');
const notSent = (): Error => new NotSent('log-unavailable', 'connection refused');

function part(): TransactionPart {
  const batch = new BatchWriter();
  batch.add(7, 1_000, Buffer.from('fire'), 0, 4);
  return { topic: 'ALARM', partition: 0, batches: [batch] };
}

async function producerOn(kafka: FakeKafka): Promise<TransactionalProducer> {
  return await TransactionalProducer.begin(kafka, { transactionalId: 'task-0', requestTimeoutMs: 1_000 });
}

describe('a commit', () => {
  it.each<[string, number, () => Error | number]>([
    ['the transaction before is still being completed', REGISTER, () => answered('CONCURRENT_TRANSACTIONS')],
    ['the coordinator of transactions has moved', REGISTER, () => answered('NOT_COORDINATOR_FOR_GROUP')],
    ['the new coordinator is still loading', REGISTER, () => answered('GROUP_LOAD_IN_PROGRESS')],
    ['there is no coordinator at the moment', REGISTER, () => answered('GROUP_COORDINATOR_NOT_AVAILABLE')],
    ['the connection was dead before anything was written', REGISTER, lost],
    ['no coordinator could be reached', REGISTER, notSent],
    ['the leader has moved', WRITE, () => 6],
    ['there is no leader at the moment', WRITE, () => 5],
    ['too few replicas are in sync', WRITE, () => 19],
    ['replicas did not confirm in time', WRITE, () => 7],
    ['the leader could not be reached', WRITE, notSent],
    ['the coordinator moved before the end', END, () => answered('NOT_COORDINATOR_FOR_GROUP')],
    ['the coordinator could not be reached at the end', END, notSent],
  ])('continues, with the same epoch and the same bytes, if %s', async (_what, step, fault) => {
    const kafka = new FakeKafka();
    const producer = await producerOn(kafka);
    kafka.fails(step, fault(), fault(), fault());
    await producer.commit([part()]);
    expect(kafka.asked(step)).toBe(4);
    expect(kafka.asked(INIT)).toBe(1);
    expect(new Set(kafka.written).size).toBe(1);
    // The producer can be used again.
    await producer.commit([part()]);
    expect(kafka.asked(END)).toBe(step === END ? 5 : 2);
  });

  it('counts a batch as written if it was there already when it was sent again', async () => {
    const kafka = new FakeKafka();
    const producer = await producerOn(kafka);
    kafka.fails(WRITE, 7, 46);
    await producer.commit([part()]);
    expect(kafka.asked(END)).toBe(1);
  });

  it.each<[string, number, () => Error | number]>([
    ['a batch had no answer: it may be written', WRITE, lost],
    ['a batch came out of order', WRITE, () => 45],
    ['a batch is said to be there that was never sent', WRITE, () => 46],
    ['the end had no answer: it may still be under way', END, lost],
    ['the transaction is in a wrong state', END, () => answered('INVALID_TXN_STATE')],
  ])('is given up at once, and its producer too, if %s', async (_what, step, fault) => {
    const kafka = new FakeKafka();
    const producer = await producerOn(kafka);
    kafka.fails(step, fault());
    await expect(producer.commit([part()])).rejects.toMatchObject({ name: 'TransientError' });
    expect(kafka.asked(step)).toBe(1);
    if (step === WRITE) expect(kafka.asked(END)).toBe(0);
    await expect(producer.commit([part()])).rejects.toThrow('its successor needs a new epoch');
    expect(kafka.asked(REGISTER)).toBe(1);
  });

  it.each([REGISTER, END])('is fenced permanently if another owner has taken over (request %i)', async (step) => {
    const kafka = new FakeKafka();
    const producer = await producerOn(kafka);
    kafka.fails(step, answered('INVALID_PRODUCER_EPOCH'));
    await expect(producer.commit([part()])).rejects.toMatchObject({ code: 'fenced' });
    expect(kafka.asked(step)).toBe(1);
  });

  it('waits for a leader, but no longer once its task has ended', async () => {
    const kafka = new FakeKafka();
    const producer = await producerOn(kafka);
    kafka.leader = undefined;
    const waiting = producer.commit([part()]);
    await expect.poll(() => kafka.refreshed).toBeGreaterThan(2);
    producer.abandon();
    await expect(waiting).rejects.toThrow('no broker takes records');
  });
});

/** Brokers that do as they are asked, unless the test makes the next requests of a kind fail. */
class FakeKafka implements TransactionClient {
  leader: number | undefined = 1;
  refreshed = 0;
  /** The batches that were sent, as text. */
  readonly written: string[] = [];
  readonly #asked: number[] = [];
  readonly #faults = new Map<number, (Error | number)[]>();
  readonly #broker: Broker = {
    nodeId: 1,
    connectionPool: {
      pool: [],
      getConnection: () => Promise.reject(new Error('not needed')),
      send: async ({ request }) => {
        const fault = this.#next((request as { apiKey: number }).apiKey);
        if (fault instanceof Error) throw fault;
        return { producerId: '5', producerEpoch: 3 };
      },
    },
    metadata: async () => undefined,
    lookupRequest: (apiKey) => () => ({ request: { apiKey }, response: { decode: async () => undefined, parse: async () => undefined } }),
  };

  fails(step: number, ...faults: (Error | number)[]): void {
    this.#faults.set(step, faults);
  }

  asked(step: number): number {
    return this.#asked.filter((one) => one === step).length;
  }

  leaderOf(): number | undefined {
    return this.leader;
  }

  async refresh(): Promise<void> {
    this.refreshed += 1;
  }

  async prepare(): Promise<void> {}

  atCoordinator<T>(_kind: 'group' | 'transaction', _key: string, work: (broker: Broker) => Promise<T>): Promise<T> {
    return work(this.#broker);
  }

  async exchange(_node: number, _lane: 'prompt' | 'patient', _api: object, pieces: readonly Buffer[]): Promise<Buffer> {
    const fault = this.#next(WRITE);
    if (fault instanceof Error) throw fault;
    this.written.push(Buffer.concat(pieces).toString('latin1'));
    // One topic with one partition: base offset, append time, start of the log, no error text.
    const answer = new RequestWriter().int32(1).string('ALARM').int32(1).int32(0);
    answer
      .int16(fault ?? 0)
      .int64(0)
      .int64(0)
      .int64(0)
      .int32(0)
      .string(null)
      .int32(0);
    return Buffer.concat(answer.pieces());
  }

  #next(step: number): Error | number | undefined {
    this.#asked.push(step);
    return this.#faults.get(step)?.shift();
  }
}
