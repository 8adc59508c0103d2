import { stringify } from 'yaml';
import type { Parts, ValuesOf } from './part.ts';

const HEAD = `Settings of Tocsin that are more than single values. Read at the start from ./tocsin.yaml, or from the file that TOCSIN_SETTINGS names.
Every part may be left out, and so may every row and key of it. All hosts of an installation have the same file.
npm run doctor -- --settings prints it with everything that is in effect.`;

/** Prints these settings as a complete settings file that reads back the same; comments explain each key. */
export function printParts<P extends Parts>(parts: P, values: ValuesOf<P>): string {
  const printed = Object.entries(parts).map(
    ([name, part]) => `${comment(part.help)}\n${stringify({ [name]: part.write(values[name]) }, { lineWidth: 0 })}`,
  );
  return [comment(HEAD), ...printed].join('\n\n');
}

function comment(text: string): string {
  return text
    .split('\n')
    .map((line) => `# ${line}`.trimEnd())
    .join('\n');
}
