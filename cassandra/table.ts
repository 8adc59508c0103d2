import type { CassandraConfig } from './config.ts';

/** A table of a store; the store's folder has it. */
export interface Table {
  readonly name: string;
  readonly comment: string;
  /** Names and types, in order. */
  readonly columns: Readonly<Record<string, string>>;
  readonly key: string;
  readonly order?: string;
}

/** The settings, and the tables that must be there. */
export interface CassandraSchema extends CassandraConfig {
  readonly tables: readonly Table[];
}
