import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { type AlarmType, BUILT_IN_TYPES } from '../alarm/alarm-type.ts';
import { alarmBoard } from './alarms.ts';
import { hostBoard } from './hosts.ts';
import { kafkaBoard } from './kafka.ts';
import { mapBoards } from './maps.ts';
import { pipelineBoard } from './pipeline.ts';
import { storeBoard } from './stores.ts';
import { colorsOf } from './type-colors.ts';

/** Where browsers reach the console; can be changed in a field at the top of each map. */
export const CONSOLE_URL = 'http://localhost:8080';

/** All dashboards of an installation with these types, by their files below dashboards/. Grafana shows each folder as a folder. */
export function allDashboards(consoleUrl = CONSOLE_URL, types: readonly AlarmType[] = BUILT_IN_TYPES): ReadonlyMap<string, Dashboard> {
  const colors = colorsOf(types);
  const fileOf = (folder: string, { uid = '' }: Dashboard) => `${folder}/${uid.replace(/^tocsin-/, '')}.json`;
  const watching = [pipelineBoard(colors), kafkaBoard(), storeBoard(), hostBoard()];
  return new Map([
    ...[...mapBoards(consoleUrl, colors), alarmBoard(types, colors)].map((board) => [fileOf('Tocsin', board), board] as const),
    ...watching.map((board) => [fileOf('Tocsin watched', board), board] as const),
  ]);
}

export const textOf = (board: Dashboard): string => `${JSON.stringify(board, null, 2)}\n`;
