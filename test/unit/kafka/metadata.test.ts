import { expect, it } from 'vitest';
import { METADATA, metadataRequest, readMetadata } from '../../../kafka/wire/metadata.ts';

const hex = (text: string): string => text.replaceAll(/\s/g, '');
const [ONE, NONE] = ['0123456789abcdef0123456789abcdef', '0'.repeat(32)];

/** The layout of version 10 in Kafka's MetadataRequest.json and MetadataResponse.json. */
it('the request names topics, creates none and asks for no rights', () => {
  expect(METADATA).toMatchObject({ key: 3, version: 10 });
  expect(metadataRequest(['T', 'été']).toString('hex')).toBe(hex(`00 03 ${NONE} 02 54 00 ${NONE} 06 c3a974c3a9 00 00 00 00 00`));
  expect(metadataRequest([]).toString('hex')).toBe('000100000000');
});

it('the answer gives leaders, their addresses and topic ids, whatever newer brokers add', () => {
  const added = '01 09 02 abcd';
  const answer = hex(`
    ${added} 00000005
    03
      00000001 03 6b31 00002384 02 52 ${added}
      00000102 03 6b32 00002385 00 ${added}
    02 43 00000102
    03
      0003 02 54 ${ONE} 00
        03
          0005 00000000 ffffffff 00000007 03 00000001 00000102 02 00000001 02 00000102 ${added}
          0000 00000001 00000102 00000008 02 00000102 02 00000102 01 00
        80000000 ${added}
      0000 02 55 ${NONE} 01 01 80000000 00
    80000000 00`);
  expect(readMetadata(Buffer.from(answer, 'hex'))).toEqual({
    throttleTime: 5,
    brokers: [
      { nodeId: 1, host: 'k1', port: 9_092, rack: 'R' },
      { nodeId: 258, host: 'k2', port: 9_093, rack: '' },
    ],
    clusterId: 'C',
    controllerId: 258,
    topicMetadata: [
      {
        topicErrorCode: 3,
        topic: 'T',
        topicId: ONE,
        partitionMetadata: [
          { partitionErrorCode: 5, partitionId: 0, leader: -1, replicas: [1, 258], isr: [1], offlineReplicas: [258] },
          { partitionErrorCode: 0, partitionId: 1, leader: 258, replicas: [258], isr: [258], offlineReplicas: [] },
        ],
      },
      { topicErrorCode: 0, topic: 'U', topicId: undefined, partitionMetadata: [] },
    ],
  });
});
