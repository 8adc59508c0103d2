import { nearestOf } from '../../runtime/nearest.ts';
import { type Path, type Place, pathText, readYaml } from '../../runtime/yaml.ts';
import type { Part, Parts, ValuesOf } from './part.ts';
import { isTable, type Table } from './row.ts';

export interface FileProblem extends Place {
  /** Begins with the path of the value: `types.smoke.hits: must be a number, without quotes`. */
  readonly problem: string;
  /** The roles that cannot run because of it. */
  readonly stops: Part<unknown>['neededBy'];
}

/** Reads the text of a settings file. Never throws: mistakes are among the problems, in the order of the text. */
export function readParts<P extends Parts>(
  parts: P,
  text: string,
): { readonly values: ValuesOf<P>; readonly problems: readonly FileProblem[] } {
  const yaml = readYaml(text);
  const problems: FileProblem[] = yaml.problems.map((each) => ({ ...each, stops: 'every role' }));
  const report = (path: Path, problem: string, stops: FileProblem['stops']): void => {
    problems.push({ ...yaml.placeOf(path), problem: path.length === 0 ? problem : `${pathText(path)}: ${problem}`, stops });
  };
  const names = Object.keys(parts);
  const table = tableIn(yaml.value ?? {});
  if (!table) report([], `begins with the name of a part, such as ${names[0]}:`, 'every role');
  for (const name of Object.keys(table ?? {}).filter((each) => !names.includes(each)))
    report([name], `is not a part of the settings; did you mean ${nearestOf(name, names)}?`, 'every role');
  const read = Object.entries(parts).map(([name, part]) => {
    const said = table?.[name] ?? undefined;
    return [name, said === undefined ? part.default : part.read(said, (path, problem) => report([name, ...path], problem, part.neededBy))];
  });
  return { values: Object.fromEntries(read) as ValuesOf<P>, problems: problems.toSorted((a, b) => a.line - b.line || a.column - b.column) };
}

function tableIn(value: unknown): Table | undefined {
  return isTable(value) ? value : undefined;
}
