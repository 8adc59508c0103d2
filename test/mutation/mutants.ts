/** Every way to change one condition, number or statement of a source, as a mutation tester does. */
import { parseSync } from 'oxc-parser';

export interface Mutant {
  readonly line: number;
  readonly start: number;
  readonly end: number;
  /** The text to replace, and its replacement. */
  readonly original: string;
  readonly replacement: string;
}

interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [field: string]: unknown;
}

/** Replacements of an operator: the bound moved by one, and the opposite. */
const OPERATORS: Readonly<Record<string, readonly string[]>> = {
  '<': ['<=', '>='],
  '<=': ['<', '>'],
  '>': ['>=', '<='],
  '>=': ['>', '<'],
  '===': ['!=='],
  '!==': ['==='],
  '+': ['-'],
  '-': ['+'],
  '*': ['/'],
  '/': ['*'],
  '&': ['|'],
  '|': ['&'],
  '&&': ['||'],
  '||': ['&&'],
};

/** Nodes that only the compiler reads, and names. */
const SKIPPED = /^(TS|Import|Export(?:All|Specifier))/;

export function mutantsOf(path: string, source: string): Mutant[] {
  const { program, errors } = parseSync(path, source);
  if (errors.length > 0) throw new Error(`${path} cannot be parsed: ${errors[0]?.message}`);
  const found: Mutant[] = [];
  const add = (start: number, end: number, replacement: string): void => {
    const line = source.slice(0, start).split('\n').length;
    found.push({ line, start, end, original: source.slice(start, end), replacement });
  };
  visit(program as unknown as Node, (node) => mutate(node, source, add));
  return found;
}

function visit(node: Node, each: (node: Node) => void): void {
  if (SKIPPED.test(node.type) && !/^TS(As|Satisfies|NonNull)/.test(node.type)) return;
  each(node);
  for (const [name, value] of Object.entries(node)) {
    if (name === 'typeAnnotation' || name === 'parent') continue;
    for (const child of [value].flat()) if (isNode(child)) visit(child, each);
  }
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && typeof (value as Node).type === 'string';
}

type Add = (start: number, end: number, replacement: string) => void;

function mutate(node: Node, source: string, add: Add): void {
  const text = (part: unknown): string => (isNode(part) ? source.slice(part.start, part.end) : '');
  switch (node.type) {
    case 'BinaryExpression':
    case 'LogicalExpression':
      mutateOperator(node, source, add);
      break;
    case 'UnaryExpression':
      if (node.operator === '!') add(node.start, node.end, `!!(${text(node.argument)})`);
      break;
    case 'IfStatement':
    case 'ConditionalExpression':
      if (isNode(node.test) && !/^(Binary|Unary)Expression$/.test(node.test.type))
        add(node.test.start, node.test.end, `!(${text(node.test)})`);
      break;
    case 'Literal':
      if (typeof node.value === 'boolean') add(node.start, node.end, String(!node.value));
      if (typeof node.value === 'number') add(node.start, node.end, String(node.value + 1));
      break;
    case 'ExpressionStatement':
      // Leaves out an assignment, or a call whose value isn't used.
      if (isNode(node.expression) && node.expression.type !== 'Literal') add(node.start, node.end, ';');
      break;
  }
}

function mutateOperator({ left, right, operator, start, end }: Node, source: string, add: Add): void {
  if (!isNode(left) || !isNode(right) || typeof operator !== 'string') return;
  if (operator === '??') {
    add(start, end, `(${source.slice(left.start, left.end)})`);
    return;
  }
  // A plus may join texts.
  if (operator === '+' && [left, right].some(({ type, value }) => type === 'TemplateLiteral' || typeof value === 'string')) return;
  const gap = source.slice(left.end, right.start);
  const at = left.end + gap.indexOf(operator);
  for (const other of OPERATORS[operator] ?? []) add(at, at + operator.length, other);
}
