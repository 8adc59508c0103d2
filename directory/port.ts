/** The 19 columns of the reference system, in its order and under its names, and two computed ones. Texts are empty if not known. */
export interface Client {
  /** Of the sensor. */
  readonly id: number;
  readonly name: string;
  readonly surname: string;
  readonly gender: string;
  readonly nationalid: string;
  readonly birthday: string;
  readonly streetaddress: string;
  readonly city: string;
  readonly zipcode: string;
  readonly country: string;
  readonly telephonecountrycode: string;
  readonly telephonenumber: string;
  /** Degrees; NaN if not known. */
  readonly latitude: number;
  readonly longitude: number;
  readonly emailaddress: string;
  readonly title: string;
  readonly occupation: string;
  readonly company: string;
  readonly username: string;
  /** Geohash of 9 characters, computed when the client is written; empty for a client without a place. */
  readonly geohash: string;
  /** Name of the region it lies in, computed likewise. */
  readonly region: string;
}

/** Where a sensor is, without its client: what maps and counts need. Fields as in Client. */
export interface Place {
  readonly sensor: number;
  readonly latitude: number;
  readonly longitude: number;
  readonly geohash: string;
  readonly region: string;
}

/** A part of all clients: the places of those with one, and the sensors of those without. */
export interface PlacesPart {
  readonly placed: readonly Place[];
  readonly unplaced: readonly number[];
  /** Given to `places`, it continues after this part, also after a failure. Opaque; undefined: this was the last part. */
  readonly next: string | undefined;
}

/** A part of the sensors that have a client. */
export interface IdsPart {
  readonly ids: readonly number[];
  /** Given to `ids`, it continues after this part, also after a failure. Opaque; undefined: this was the last part. */
  readonly next: string | undefined;
}

/**
 * The clients by sensor id. Every call rejects with TransientError if the store is away, or with PermanentError if it refuses for good. Personal data:
 * never log a client.
 */
export interface Directory {
  /** The client with that sensor, perhaps as it was up to the adapter's cache time ago; undefined: there is none; damaged: there is one, but its row can't be read. */
  find(sensor: number): Promise<Client | 'damaged' | undefined>;
  /** Writes clients, each replacing an earlier one with the same id, also within the call. Stored once it resolves; if it rejects, some may be. */
  put(clients: readonly Client[]): Promise<void>;
  /** The number of clients; on a server perhaps as it was some minutes ago, except for this process's own writes. */
  size(): Promise<number>;
  /**
   * Every client once, part by part, in no particular order; slowly enough that other requests are answered meanwhile. `from`: the `next` of a part
   * after which to continue.
   */
  places(from?: string): AsyncIterable<PlacesPart>;
  /**
   * Every sensor that has a client once, part by part, in no particular order, also those whose client's row is damaged; clients written meanwhile may be
   * missing. Slowly enough that other requests are answered meanwhile. `from`: the `next` of a part after which to continue.
   */
  ids(from?: string): AsyncIterable<IdsPart>;
  /** Releases what belongs to this directory alone; a store or session that others share stays open. Never rejects. Not to be used afterwards. */
  close(): Promise<void>;
}
