export interface ReadRecord {
  readonly partition: number;
  readonly offset: number;
  readonly text: string;
}

/** The result of reading all records of a topic. */
export interface RecordsRead {
  /** First offset still held, by partition; none for one without records. */
  readonly earliest: ReadonlyMap<number, number>;
  /** Whether everything that was written before was read, up to the last record. */
  readonly isWhole: boolean;
}
