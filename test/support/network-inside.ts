/** Runs inside a network of its own: leads connections to ports of loopback out through socket files. Arguments: `PORT=SOCKET`. */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

const lines = process.argv.slice(2).map((line) => line.split('=') as [string, string]);
for (const [port, path] of lines) {
  const server = createServer({ allowHalfOpen: true }, (caller) => join(caller, connect({ path, allowHalfOpen: true })));
  server.listen(Number(port), '127.0.0.1');
  await once(server, 'listening');
}
// Tells whoever waits for this process that it is ready.
connect(lines[0]?.[1] ?? '')
  .on('error', () => undefined)
  .end();

function join(a: Socket, b: Socket): void {
  for (const [from, to] of [
    [a, b],
    [b, a],
  ] as const) {
    from.pipe(to);
    from.on('error', () => to.destroy());
    from.once('close', () => to.destroy());
  }
}
