import { type Comparison, FINDING_KINDS, type Range } from './comparison.ts';
import type { DueAlarm } from './due-alarms.ts';
import type { MailComparison } from './mail-comparison.ts';
import type { ReferenceResult } from './scenario.ts';

/** The result of a run; `--json` writes it. */
export interface Report {
  readonly scenario: string;
  readonly seed: number;
  readonly apps: number;
  readonly sensors: number;
  readonly seconds: number;
  readonly messages: {
    readonly acknowledged: number;
    readonly recoveries: number;
    readonly refused: number;
    /** Given up without knowing whether the system has them. */
    readonly unknown: number;
    readonly unsent: number;
  };
  readonly messagesPerSecond: number;
  readonly requests: number;
  readonly retries: Readonly<Record<string, number>>;
  readonly refusals: readonly string[];
  /** From the planned time of sending to the acknowledgement, in ms. */
  readonly latencyMs: { readonly p50: number; readonly p99: number; readonly max: number };
  readonly reference: ReferenceResult | undefined;
  /** Undefined: not compared; then `notCompared` says why, unless no comparison was wanted. */
  readonly comparison: Comparison | undefined;
  readonly mails: MailComparison | undefined;
  /** All alarms that had to be raised, as far as that is known. */
  readonly alarms: readonly DueAlarm[];
  readonly notCompared: string | undefined;
  readonly interrupted: boolean;
}

const FINDINGS_SHOWN = 20;

/** The exit code of the process. */
export function exitCodeOf(report: Report): number {
  if (report.interrupted) return 130;
  if (report.notCompared !== undefined) return 3;
  return isWrong(report) || isOverloaded(report) ? 1 : 0;
}

/** Any finding, or a refused message, since all messages of the fleet are valid. */
function isWrong({ comparison, mails, messages }: Report): boolean {
  const mailFindings = mails === undefined ? 0 : mails.missing.length + mails.doubled.length + mails.invented.length;
  return (comparison?.findings.length ?? 0) + mailFindings + messages.refused > 0;
}

/** Whether some of the planned messages could not be sent. */
function isOverloaded({ messages, interrupted }: Report): boolean {
  return !interrupted && messages.unsent + messages.unknown > 0;
}

/** The report as text for people. */
export function reportText(report: Report): string {
  return [table(report), '', ...sending(report), '', ...verdict(report)].join('\n');
}

function table({ reference, messages, messagesPerSecond, seconds, comparison, mails }: Report): string {
  const expected = comparison?.expected;
  const observed = comparison?.observed;
  const referenceCount = (n: number | undefined) => (reference === undefined ? '' : count(n));
  const rows = [
    ['', reference?.name ?? '', 'sent', 'must be', 'system'],
    ['messages', referenceCount(reference?.messages), count(messages.acknowledged), '', ''],
    ['messages per second', referenceCount(reference?.messagesPerSecond), count(messagesPerSecond), '', ''],
    ['duration', reference ? `${reference.minutes} min` : '', span(seconds), '', ''],
    ['alarms activated', referenceCount(reference?.activated), '', range(expected?.activated), count(observed?.activated)],
    ['alarms recovered', referenceCount(reference?.recovered), '', range(expected?.recovered), count(observed?.recovered)],
    ...(mails === undefined ? [] : [['mails', '', '', range(mailsOf(expected)), count(mails.mails)]]),
  ];
  return rows.map(([first = '', ...cells]) => (first.padEnd(22) + cells.map((cell) => cell.padStart(14)).join('')).trimEnd()).join('\n');
}

/** The number of mails: one when an alarm is raised and one when it is cleared. */
function mailsOf(expected: Comparison['expected'] | undefined): Range | undefined {
  return expected && [expected.activated[0] + expected.recovered[0], expected.activated[1] + expected.recovered[1]];
}

function sending({ latencyMs, requests, retries, messages, refusals }: Report): string[] {
  const again = Object.entries(retries);
  const lines = [
    `planned to acknowledged: p50 ${ms(latencyMs.p50)}, p99 ${ms(latencyMs.p99)}, max ${ms(latencyMs.max)}`,
    `requests ${count(requests)}, sent again ${again.length === 0 ? 'none' : again.map(([reason, n]) => `${count(n)} (${reason})`).join(', ')}`,
  ];
  if (messages.refused > 0) lines.push(`refused ${count(messages.refused)}: ${refusals.join('; ')}`);
  if (messages.unknown > 0) lines.push(`given up without an answer ${count(messages.unknown)}: their alarms are allowed, but not required`);
  if (messages.unsent > 0) lines.push(`never sent ${count(messages.unsent)}`);
  return lines;
}

function verdict(report: Report): string[] {
  const { comparison, mails, notCompared, interrupted, messages } = report;
  const lines: string[] = [];
  if (interrupted) lines.push('Interrupted; this report covers what was sent until then.');
  if (notCompared !== undefined) lines.push(`NOT COMPARED: ${notCompared}`);
  if (comparison !== undefined) {
    const counts = FINDING_KINDS.map((kind) => `${count(comparison.findings.filter((finding) => finding.kind === kind).length)} ${kind}`);
    lines.push(`alarms: ${counts.join(', ')}`);
    lines.push(...firstOf(comparison.findings.map(({ kind, sensor, type, what }) => `${kind}: sensor ${sensor}, ${type}: ${what}`)));
  }
  if (mails !== undefined) {
    const { missing, doubled, invented } = mails;
    lines.push(
      `mails: ${count(mails.mails)}, ${count(missing.length)} missing, ${count(doubled.length)} doubled, ${count(invented.length)} invented`,
    );
    for (const [kind, keys] of Object.entries({ missing, doubled, invented })) lines.push(...firstOf(keys.map((key) => `${kind}: ${key}`)));
  }
  if (isOverloaded(report))
    lines.push(
      `THE LOAD WAS TOO MUCH, for the system or for this machine: ${count(messages.unsent + messages.unknown)} messages were not accepted.`,
    );
  if (comparison !== undefined && notCompared === undefined)
    lines.push(isWrong(report) ? 'THE SYSTEM IS WRONG, see above.' : 'The system raised and cleared exactly the right alarms.');
  return lines;
}

function firstOf(findings: readonly string[]): string[] {
  const lines = findings.slice(0, FINDINGS_SHOWN).map((finding) => `  ${finding}`);
  if (findings.length > FINDINGS_SHOWN) lines.push(`  and ${count(findings.length - FINDINGS_SHOWN)} more`);
  return lines;
}

function count(n: number | undefined): string {
  return n === undefined ? '-' : Math.round(n).toLocaleString('en-US');
}

function range(bounds: Range | undefined): string {
  if (bounds === undefined) return '-';
  return bounds[0] === bounds[1] ? count(bounds[0]) : `${count(bounds[0])} to ${count(bounds[1])}`;
}

function span(seconds: number): string {
  return seconds < 120 ? `${seconds.toFixed(0)} s` : `${(seconds / 60).toFixed(1)} min`;
}

function ms(value: number): string {
  return value < 10 ? `${value.toFixed(1)} ms` : `${Math.round(value).toLocaleString('en-US')} ms`;
}
