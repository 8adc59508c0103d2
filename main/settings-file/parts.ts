import type { Parts, ValuesOf } from './part.ts';
import { typesPart } from './types.ts';

/** All parts of the settings file. A new part is a row here. */
export const PARTS = { types: typesPart } as const satisfies Parts;

/** The values of the settings file, with defaults for what it leaves out. */
export type FileSettings = ValuesOf<typeof PARTS>;
