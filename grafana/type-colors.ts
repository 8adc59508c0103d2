import type { AlarmType } from '../alarm/status.ts';

export const TYPE_COLORS: Readonly<Record<AlarmType, string>> = { smoke: 'red', temperature: 'orange', motion: 'blue' };
