import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A proxy between a browser and a server that can silence or cut the connection. */
export interface StallingProxy {
  readonly port: number;
  forwardTo(port: number): void;
  /** From now on nothing comes through, without any error. */
  stall(): void;
  cut(): void;
  close(): Promise<void>;
}

export async function startStallingProxy(): Promise<StallingProxy> {
  let target = 0;
  let stalled = false;
  const sockets = new Set<Socket>();
  const server = createServer((incoming) => {
    const outgoing = connect(target, '127.0.0.1');
    for (const [from, to] of [
      [incoming, outgoing],
      [outgoing, incoming],
    ] as const) {
      sockets.add(from);
      from.on('data', (bytes) => !stalled && to.write(bytes));
      from.on('error', () => to.destroy());
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    forwardTo: (port) => {
      target = port;
    },
    stall: () => {
      stalled = true;
    },
    cut,
    close: async () => {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
