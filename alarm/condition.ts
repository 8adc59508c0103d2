/** The condition under which a reading is a hit of a type: `motion`, `not mains`, `co > 50`, `temperature > maxTemperature`. */

export const OPERATORS = ['>', '>=', '<', '<='] as const;
export type Operator = (typeof OPERATORS)[number];

/** A boolean field that must be true or false; or a number field, compared with a number or with another field. */
export type Condition =
  | { readonly field: string; readonly is: boolean }
  | { readonly field: string; readonly operator: Operator; readonly than: number | string };

/** Every field of a condition is a boolean or a number. */
export type FieldKind = 'boolean' | 'number';

/** Fields that any reading may have; they aren't measurements, so conditions can't use them. */
const RESERVED = ['id', 'at', 'seq'];
const FIELD_NAME_MAX = 40;

const FIELD = /^[a-z_][a-z0-9_]*$/i;
const NUMBER = /^[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/i;
const COMPARISON = /^(\S+?)\s*(>=|<=|>|<)\s*(\S+)$/;
const FORMS = 'a condition is `field`, `not field`, or `field > number`, with >, >=, < or <=, and another field in place of the number';

/** Reads a condition; if it can't be read, returns a text that says why. */
export function parseCondition(text: string): Condition | string {
  const trimmed = text.trim();
  const [, left, operator, right] = COMPARISON.exec(trimmed) ?? [];
  if (left === undefined || right === undefined) {
    const [, negation, field = ''] = /^(not\s+)?(\S+)$/.exec(trimmed) ?? [];
    return problemOf(field) ?? { field, is: negation === undefined };
  }
  if (NUMBER.test(right)) {
    const than = Number(right);
    // A number that is too large to represent could never be exceeded.
    return problemOf(left) ?? (Number.isFinite(than) ? { field: left, operator: operator as Operator, than } : FORMS);
  }
  if (left === right) return `${left} is compared with itself`;
  return problemOf(left) ?? problemOf(right) ?? { field: left, operator: operator as Operator, than: right };
}

function problemOf(field: string): string | undefined {
  if (!FIELD.test(field)) return FORMS;
  if (field.length > FIELD_NAME_MAX) return `the name of a field has at most ${FIELD_NAME_MAX} characters`;
  return RESERVED.includes(field) ? `${field} can't be part of a condition` : undefined;
}

/** The condition as text that `parseCondition` reads. */
export function conditionText(condition: Condition): string {
  if ('is' in condition) return condition.is ? condition.field : `not ${condition.field}`;
  return `${condition.field} ${condition.operator} ${condition.than}`;
}

/** The fields of a condition, each with its kind. */
export function fieldsOf(condition: Condition): readonly (readonly [name: string, kind: FieldKind])[] {
  if ('is' in condition) return [[condition.field, 'boolean']];
  const { field, than } = condition;
  return typeof than === 'number'
    ? [[field, 'number']]
    : [
        [field, 'number'],
        [than, 'number'],
      ];
}
