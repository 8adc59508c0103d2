/** The types of alarms, as the server has them. The page knows none of its own. */
import { gravestFirst, labelOf, type Shape } from '../../alarm/alarm-type.ts';
import { type Condition, parseCondition } from '../../alarm/condition.ts';
import type { Severity } from '../../alarm/severity.ts';
import type { TypeAnswer } from '../api/schemas.ts';

export interface Type {
  readonly name: string;
  /** As the queue has it: SMOKE. */
  readonly word: string;
  /** As it stands in a sentence: smoke. */
  readonly text: string;
  /** Undefined, as `when`: the server doesn't have the type. */
  readonly severity: Severity | undefined;
  /** Lives depend on it, as far as is known: of a type that the server doesn't have nobody can deny it. */
  readonly lifeSafety: boolean;
  readonly shape: Shape;
  readonly when: Condition | undefined;
}

export class KnownTypes {
  readonly gravestFirst: readonly Type[];
  readonly #inOrder: readonly Type[];
  readonly #byName: ReadonlyMap<string, Type>;

  /** In the order of the settings; none: they are not known yet. */
  constructor(types: readonly TypeAnswer[]) {
    this.#inOrder = types.map(typeOf);
    this.gravestFirst = gravestFirst(types).map(typeOf);
    this.#byName = new Map(this.#inOrder.map((type) => [type.name, type]));
  }

  get areKnown(): boolean {
    return this.#inOrder.length > 0;
  }

  /** A type that the server doesn't have is known by its name alone: its alarms are shown like all others. */
  of(name: string): Type {
    return this.#byName.get(name) ?? strangerOf(name);
  }

  /** By its place in the settings; undefined: it isn't in them any more. */
  at(place: number | undefined): Type {
    return (place === undefined ? undefined : this.#inOrder[place]) ?? STRANGER;
  }
}

function typeOf({ name, label, severity, lifeSafety, shape, when }: TypeAnswer): Type {
  const condition = parseCondition(when);
  return { name, ...wordsOf(label), severity, lifeSafety, shape, when: typeof condition === 'string' ? undefined : condition };
}

function strangerOf(name: string): Type {
  return { name, ...wordsOf(labelOf(name)), severity: undefined, lifeSafety: true, shape: 'square', when: undefined };
}

const STRANGER = strangerOf('alarm');

/** An abbreviation stays as it is: CO. */
function wordsOf(label: string): Pick<Type, 'word' | 'text'> {
  const isAbbreviation = /^\p{Lu}\p{Lu}/u.test(label);
  return { word: label.toUpperCase(), text: isAbbreviation ? label : label.charAt(0).toLowerCase() + label.slice(1) };
}
