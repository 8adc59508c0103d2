import type { Checks } from './checks.ts';
import type { Engine } from './engine.ts';
export async function checkCluster(_engine: Engine, _load: { rate: number; minutes: number }, _checks: Checks): Promise<void> {}
