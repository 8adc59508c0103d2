import { type AlarmType, BUILT_IN_TYPES, LABEL_MAX, labelOf } from '../../../alarm/alarm-type.ts';
import { oneLine } from './text.ts';

const NAME_MAX = 32;

/** How a mail speaks of a type of alarm. */
export interface TypeWords {
  /** In the subject and the heading. */
  readonly title: string;
  /** On the line that says the type: with its name, where the label doesn't say it. */
  readonly full: string;
}

/** Of a type that the settings no longer have: by its name. */
export function wordsOf(name: string, types: readonly AlarmType[]): TypeWords {
  const label = oneLine(types.find((type) => type.name === name)?.label ?? labelOf(name), LABEL_MAX);
  // Recipients' filters know the built-in types by their names.
  const isBuiltIn = BUILT_IN_TYPES.some((type) => type.name === name && type.label === label);
  const title = isBuiltIn ? name : label;
  return { title, full: label.toLowerCase() === name ? title : `${label} (${oneLine(name, NAME_MAX)})` };
}
