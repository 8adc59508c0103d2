import type { Directory } from '../../directory/port.ts';

/** Opens the directory, does the work, and closes the directory whatever happens. */
export type WithDirectory = <T>(work: (directory: Directory) => Promise<T>) => Promise<T>;
