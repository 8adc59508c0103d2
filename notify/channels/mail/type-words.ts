import { type AlarmType, BUILT_IN_TYPES, LABEL_MAX, labelOf } from '../../../alarm/alarm-type.ts';
import { oneLine } from './text.ts';

const NAME_MAX = 32;

/** How a mail names a type of alarm. */
export interface TypeWords {
  /** In the subject and the heading. */
  readonly title: string;
  /** On the line for the type: with its name, if the label doesn't show it. */
  readonly full: string;
}

/** A type that is no longer in the settings is called by its name. */
export function wordsOf(name: string, types: readonly AlarmType[]): TypeWords {
  const label = oneLine(types.find((type) => type.name === name)?.label ?? labelOf(name), LABEL_MAX);
  // Recipients' mail filters know the built-in types by their names.
  const isBuiltIn = BUILT_IN_TYPES.some((type) => type.name === name && type.label === label);
  const title = isBuiltIn ? name : label;
  return { title, full: label.toLowerCase() === name ? title : `${label} (${oneLine(name, NAME_MAX)})` };
}
