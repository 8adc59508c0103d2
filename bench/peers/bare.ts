/** The upper limit for ingest: a bare node:http handler that reads and parses the same body, and stores nothing. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const body: unknown = JSON.parse(Buffer.concat(chunks).toString());
    const accepted = Array.isArray(body) ? body.length : 1;
    response.writeHead(202, { 'content-type': 'application/json' });
    response.end(`{"accepted":${accepted}}`);
  });
});
server.keepAliveTimeout = 75_000;
server.listen(0, '127.0.0.1', () => process.send?.({ ingestPort: (server.address() as AddressInfo).port }));
process.on('SIGTERM', () => process.exit(0));
