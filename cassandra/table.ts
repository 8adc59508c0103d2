import type { CassandraConfig } from './config.ts';

/** A table, declared in the folder of the store that uses it. */
export interface Table {
  readonly name: string;
  readonly comment: string;
  /** CQL types by the columns' names, in order. */
  readonly columns: Readonly<Record<string, string>>;
  /** As in PRIMARY KEY (…). */
  readonly key: string;
  /** As in CLUSTERING ORDER BY (…). */
  readonly order?: string;
}

/** The settings, and the tables that must exist. */
export interface CassandraSchema extends CassandraConfig {
  readonly tables: readonly Table[];
}
