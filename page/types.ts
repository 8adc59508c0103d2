/** The types of alarms, all of which come from the server. */
import { gravestFirst, labelOf, type Shape } from '../alarm/alarm-type.ts';
import { type Condition, parseCondition } from '../alarm/condition.ts';
import type { Severity } from '../alarm/severity.ts';
import type { TypeAnswer } from '../console/api/schemas.ts';

export interface Type {
  readonly name: string;
  /** For the queue: SMOKE. */
  readonly word: string;
  /** For a sentence: smoke. */
  readonly text: string;
  /** Undefined, as `when`: the server doesn't have the type. */
  readonly severity: Severity | undefined;
  /** Whether lives may depend on it; true for a type that the server does not have. */
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

  /** Of a type that the server doesn't have only the name is known; its alarms are shown like all others. */
  of(name: string): Type {
    return this.#byName.get(name) ?? strangerOf(name);
  }

  /** By its place in the settings; undefined: a type that they no longer have. */
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

/** Abbreviations such as CO keep their capitals. */
function wordsOf(label: string): Pick<Type, 'word' | 'text'> {
  const isAbbreviation = /^\p{Lu}\p{Lu}/u.test(label);
  return { word: label.toUpperCase(), text: isAbbreviation ? label : label.charAt(0).toLowerCase() + label.slice(1) };
}
