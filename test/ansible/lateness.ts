/**
 * How late alarms were mailed: from the reading that raised each to its first mail, by the console's custody. `lateness.ts CONSOLE SINCE SECONDS`, SINCE an ISO time.
 * Ends with 1 if one was later than SECONDS, or has no mail, or there is none.
 */
import { alarmsSince } from './console.ts';

const [url = '', since = '', limit = ''] = process.argv.slice(2);
const seconds: number[] = [];
let unmailed = 0;
for await (const { raisedAt, custody } of alarmsSince(url, since)) {
  const mail = custody.find(({ kind }) => kind === 'mailed');
  if (mail === undefined) unmailed += 1;
  else seconds.push((Date.parse(mail.at) - Date.parse(raisedAt)) / 1_000);
}
seconds.sort((a, b) => a - b);
const at = (share: number) => seconds[Math.floor((seconds.length - 1) * share)] ?? Number.POSITIVE_INFINITY;
console.log(
  `from the reading to the mail, ${seconds.length} alarms: p50 ${at(0.5)} s, p99 ${at(0.99)} s, latest ${at(1)} s; without a mail ${unmailed}`,
);
if (unmailed > 0 || at(1) > Number(limit)) process.exitCode = 1;
