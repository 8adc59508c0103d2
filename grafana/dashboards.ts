import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { alarmBoard } from './alarms.ts';
import { hostBoard } from './hosts.ts';
import { kafkaBoard } from './kafka.ts';
import { mapBoards } from './maps.ts';
import { pipelineBoard } from './pipeline.ts';
import { storeBoard } from './stores.ts';

/** Where browsers reach the console; a field at the top of each map changes it. */
export const CONSOLE_URL = 'http://localhost:8080';

/** Every dashboard, by its file below dashboards/. Grafana makes a folder of each folder. */
export function allDashboards(consoleUrl = CONSOLE_URL): ReadonlyMap<string, Dashboard> {
  const fileOf = (folder: string, { uid = '' }: Dashboard) => `${folder}/${uid.replace(/^tocsin-/, '')}.json`;
  const watching = [pipelineBoard(), kafkaBoard(), storeBoard(), hostBoard()];
  return new Map([
    ...[...mapBoards(consoleUrl), alarmBoard()].map((board) => [fileOf('Tocsin', board), board] as const),
    ...watching.map((board) => [fileOf('Tocsin watched', board), board] as const),
  ]);
}

export const textOf = (board: Dashboard): string => `${JSON.stringify(board, null, 2)}\n`;
