import { createServer } from 'node:net';

/**
 * Free ports of loopback, below those that the system uses for outgoing connections: a client that tries again and again to reach a server
 * that is down would otherwise get the server's own port once in a while, and talk to itself.
 */
const FIRST = 15_000;
const COUNT = 17_000;

export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  while (ports.length < count) {
    const port = FIRST + Math.floor(Math.random() * COUNT);
    if (!ports.includes(port) && (await isFree(port))) ports.push(port);
  }
  return ports;
}

function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
