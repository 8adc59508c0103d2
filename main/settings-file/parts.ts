import type { Parts, ValuesOf } from './part.ts';
import { typesPart } from './types.ts';

/** All that the settings file can have. A new part is a row here. */
export const PARTS = { types: typesPart } as const satisfies Parts;

/** What the settings file says, with the defaults of what it leaves out. */
export type FileSettings = ValuesOf<typeof PARTS>;
