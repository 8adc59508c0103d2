/** The 19 columns of the reference system, in its order and under its names. */
export interface Client {
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
  /** NaN where it isn't known. */
  readonly latitude: number;
  readonly longitude: number;
  readonly emailaddress: string;
  readonly title: string;
  readonly occupation: string;
  readonly company: string;
  readonly username: string;
  /** Computed when the client is written: 9 characters, and the region it lies in. Both empty for a client without a place. */
  readonly geohash: string;
  readonly region: string;
}

/** Where a sensor is, without the person: what maps and counts need. */
export interface Place {
  readonly sensor: number;
  readonly latitude: number;
  readonly longitude: number;
  readonly geohash: string;
  readonly region: string;
}

/** A part of all clients: those with a place, and the sensors of those without. */
export interface PlacesPart {
  readonly placed: readonly Place[];
  readonly unplaced: readonly number[];
  /** `places` goes on behind this part with it, also after a failure. Undefined: it was the last. */
  readonly next: string | undefined;
}

/** All clients who hold an alarm, by sensor id. Rejects with TransientError when its store is away. Personal data: never log a client. */
export interface Directory {
  /** The client with that sensor; undefined: nobody has it. */
  find(sensor: number): Promise<Client | undefined>;
  /** Writes clients, each in the place of an earlier one with the same id. Stored when it resolves; when it rejects, some may be. */
  put(clients: readonly Client[]): Promise<void>;
  /** How many clients there are. */
  size(): Promise<number>;
  /**
   * Every client once, part by part and in no order; at its own pace, so that others get their answers meanwhile. After a failure the caller goes on
   * where it came to: `from` is the `next` of the last part that it had.
   */
  places(from?: string): AsyncIterable<PlacesPart>;
  /** Lets go of what belongs to this directory alone; not to be used afterwards. Does not reject. */
  close(): Promise<void>;
}
