/**
 * A crowd of sensors, each with a connection of its own that stays open: opens COUNT sockets to PORT from the local address FROM, reports `open`,
 * then sends RATE statuses a second over them in turn until it gets a message, and reports the outcomes.
 */
import { connect, type Socket } from 'node:net';

const [port = 0, count = 0, rate = 0, firstId = 0] = process.argv.slice(2, 6).map(Number);
const from = process.argv[6] ?? '127.0.0.1';
const OPEN_AT_ONCE = 250;
const TICK_MS = 10;

const result = { sent: 0, accepted: 0, refused: 0, closed: 0 };
const sockets: Socket[] = [];

for (let opened = 0; opened < count; opened += OPEN_AT_ONCE) {
  await Promise.all(Array.from({ length: Math.min(OPEN_AT_ONCE, count - opened) }, open));
}
process.send?.({ type: 'open', sockets: sockets.length });

let next = 0;
let due = 0;
const timer = setInterval(() => {
  due += (rate * TICK_MS) / 1_000;
  for (; due >= 1; due -= 1) sendStatus();
}, TICK_MS);

process.once('message', () => {
  clearInterval(timer);
  setTimeout(() => {
    process.send?.({ type: 'result', ...result });
    process.disconnect();
    for (const socket of sockets) socket.destroy();
  }, 500);
});

function open(): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', localAddress: from }, () => {
      sockets.push(socket);
      resolve();
    });
    socket.on('data', (chunk) => {
      if (chunk.includes(' 202 ')) result.accepted += 1;
      else result.refused += 1;
    });
    socket.on('close', () => {
      result.closed += 1;
    });
    socket.on('error', reject);
  });
}

function sendStatus(): void {
  const i = next % sockets.length;
  next += 1;
  const body = `{"id":${firstId + i},"motion":false,"smoke":false,"temperature":21.5,"maxTemperature":30.0}`;
  sockets[i]?.write(
    `POST /entry HTTP/1.1\r\nhost: tocsin\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  );
  result.sent += 1;
}
