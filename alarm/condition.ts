/** What makes a reading a hit of a type: `motion`, `not mains`, `co > 50`, `temperature > maxTemperature`. */

export const OPERATORS = ['>', '>=', '<', '<='] as const;
export type Operator = (typeof OPERATORS)[number];

/** A field that is true or false, as it is or turned round; or a field that is a number, compared with a number or with another field. */
export type Condition =
  | { readonly field: string; readonly is: boolean }
  | { readonly field: string; readonly operator: Operator; readonly than: number | string };

/** What a field holds: fields of conditions are either true or false, or numbers. */
export type FieldKind = 'boolean' | 'number';

/** Fields that every reading may have; none of them can be measured. */
const RESERVED = ['id', 'at', 'seq'];
const FIELD_NAME_MAX = 40;

const FIELD = /^[a-z_][a-z0-9_]*$/i;
const NUMBER = /^[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/i;
const COMPARISON = /^(\S+?)\s*(>=|<=|>|<)\s*(\S+)$/;
const FORMS = 'a condition is `field`, `not field`, or `field > number`, with >, >=, < or <=, and another field in place of the number';

/** Reads a condition; a text that says what is wrong with it if it can't be read. */
export function parseCondition(text: string): Condition | string {
  const trimmed = text.trim();
  const [, left, operator, right] = COMPARISON.exec(trimmed) ?? [];
  if (left === undefined || right === undefined) {
    const [, negation, field = ''] = /^(not\s+)?(\S+)$/.exec(trimmed) ?? [];
    return problemOf(field) ?? { field, is: negation === undefined };
  }
  if (NUMBER.test(right)) {
    const than = Number(right);
    // No reading is beyond what a number can be.
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

/** As `parseCondition` reads it. */
export function conditionText(condition: Condition): string {
  if ('is' in condition) return condition.is ? condition.field : `not ${condition.field}`;
  return `${condition.field} ${condition.operator} ${condition.than}`;
}

/** The fields that it reads, each with its kind. */
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
