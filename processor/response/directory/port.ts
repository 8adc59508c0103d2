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
  readonly latitude: number;
  readonly longitude: number;
  readonly emailaddress: string;
  readonly title: string;
  readonly occupation: string;
  readonly company: string;
  readonly username: string;
  /** Computed when the client is written: 9 characters, and the region it lies in. */
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

/** All clients who hold an alarm, by sensor id. Rejects with TransientError when its store is away. Personal data: never log a client. */
export interface Directory {
  find(sensor: number): Promise<Client | undefined>;
  put(clients: readonly Client[]): Promise<void>;
  size(): Promise<number>;
  /** Every place once, in batches and in no order; without clients who have no coordinates. */
  places(): AsyncIterable<readonly Place[]>;
  close(): Promise<void>;
}
