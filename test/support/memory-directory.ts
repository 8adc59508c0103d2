import { isPlace } from '../../directory/placed.ts';
import type { Client, Directory, IdsPart, PlacesPart } from '../../directory/port.ts';

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

  async *places(_from?: string): AsyncGenerator<PlacesPart> {
    const clients = [...this.clients.values()].sort((a, b) => a.id - b.id);
    const placed = clients
      .filter(isPlace)
      .map(({ id, latitude, longitude, geohash, region }) => ({ sensor: id, latitude, longitude, geohash, region }));
    yield { placed, unplaced: clients.filter((client) => !isPlace(client)).map(({ id }) => id), next: undefined };
  }

  async *ids(_from?: string): AsyncGenerator<IdsPart> {
    if (this.fault) throw this.fault;
    yield { ids: [...this.clients.keys()], next: undefined };
  }

  async close(): Promise<void> {}
}
