import { isUtf8 as isUtf8OfNode } from 'node:buffer';
import { expect, it } from 'vitest';
import { isUtf8 } from '../../../alarm/utf8.ts';
import { random } from './random-messages.ts';

/** Bytes next to a border of what UTF-8 allows. */
const BORDERS = [
  0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf4, 0xf5, 0xff,
];

const agrees = (bytes: Buffer): void => {
  const framed = Buffer.concat([Buffer.of(0xff), bytes, Buffer.from([0x80, 0x80, 0x80])]);
  expect([bytes.toString('hex'), isUtf8(framed, 1, 1 + bytes.length)]).toEqual([bytes.toString('hex'), isUtf8OfNode(bytes)]);
};

it('says what Node says, of all borders up to three bytes', () => {
  for (const a of BORDERS) {
    agrees(Buffer.of(a));
    for (const b of BORDERS) {
      agrees(Buffer.of(a, b));
      for (const c of BORDERS) agrees(Buffer.of(a, b, c));
    }
  }
});

it('says what Node says, of longer ones', () => {
  const next = random(1);
  const border = (): number => BORDERS[Math.floor(next() * BORDERS.length)] as number;
  for (let i = 0; i < 20_000; i += 1) {
    agrees(Buffer.from(Array.from({ length: 4 + Math.floor(next() * 3) }, border)));
    agrees(Buffer.of(0xf0 + Math.floor(next() * 5), 0x80 + Math.floor(next() * 64), 0x80, 0xbf));
  }
});
