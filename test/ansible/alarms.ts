/** All alarms with evidence, custody and client, a line each, to be compared with those of another moment. `alarms.ts CONSOLE`. */
import { alarmsSince } from './console.ts';

const [url = ''] = process.argv.slice(2);
const lines: string[] = [];
for await (const alarm of alarmsSince(url, '1970-01-01T00:00:00Z')) lines.push(JSON.stringify(alarm));
console.log(lines.sort().join('\n'));
