import type { Client, Directory } from '../../processor/response/directory/port.ts';

export class MemoryDirectory implements Directory {
  readonly clients = new Map<number, Client>();
  fault: Error | undefined;

  async find(sensor: number): Promise<Client | undefined> {
    if (this.fault) throw this.fault;
    return this.clients.get(sensor);
  }

  async put(clients: readonly Client[]): Promise<void> {
    for (const client of clients) this.clients.set(client.id, client);
  }

  async size(): Promise<number> {
    return this.clients.size;
  }

  async *places() {
    const clients = [...this.clients.values()].sort((a, b) => a.id - b.id);
    yield clients.map(({ id, latitude, longitude, geohash, region }) => ({ sensor: id, latitude, longitude, geohash, region }));
  }

  async close(): Promise<void> {}
}
