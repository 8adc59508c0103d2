import type { Random } from '../random.ts';

export function pick<T>(random: Random, from: readonly T[]): T {
  return from[random.below(from.length)] as T;
}

export function digits(random: Random, count: number): string {
  let text = '';
  for (let i = 0; i < count; i += 1) text += random.below(10);
  return text;
}
