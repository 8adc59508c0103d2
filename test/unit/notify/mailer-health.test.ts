import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { MailerHealth } from '../../../notify/mailer-health.ts';
import { TransientError } from '../../../runtime/errors.ts';
import { Health } from '../../../runtime/health.ts';

function mailer() {
  const health = new Health();
  const log: string[] = [];
  const write = (line: string): void => void log.push(String((JSON.parse(line) as { msg: unknown }).msg));
  const time = { now: 1_000 };
  const says = new MailerHealth(health, pino({ level: 'info' }, { write }), () => time.now);
  return { says, log, time, problem: () => health.problems().mailer, notice: () => health.notices().mailer };
}

const WORK = {};
const busyServer = new TransientError('mail-deferred', 'busy');

describe('the mailer', () => {
  it('is well while mails wait for 30 s, and not a moment longer', () => {
    const { says, log, time, problem } = mailer();
    time.now += 30_000;
    says.check(3);
    expect(problem()).toBeUndefined();
    time.now += 1;
    says.check(3);
    expect(problem()).toBe('3 mails wait, none could be handed over for 30 s: no answer');
    says.check(3);
    expect(log).toEqual(['alarms are not mailed']);
    says.check(0);
    expect(problem()).toBeUndefined();
  });

  it.each(['busy', 'finished'] as const)('counts the 30 s from when it was last %s', (moment) => {
    const { says, time, problem } = mailer();
    time.now += 3_600_000;
    says[moment]();
    says.check(1);
    expect(problem()).toBeUndefined();
    time.now += 30_001;
    says.check(1);
    expect(problem()).toMatch(/^1 mail waits/);
  });

  it('says why the mails wait, once in its log, and when they go out again', () => {
    const { says, log, time, problem } = mailer();
    says.finished();
    expect(log).toEqual([]);
    says.deferred(busyServer);
    expect(log).toEqual(['a mail could not be handed over, trying again']);
    says.deferred(busyServer);
    time.now += 30_001;
    says.check(2);
    expect(problem()).toMatch(/for 30 s: busy$/);
    says.finished();
    says.finished();
    says.check(1);
    expect(problem()).toBeUndefined();
    expect(log).toEqual(['a mail could not be handed over, trying again', 'alarms are not mailed', 'mails go out again']);
  });

  it.each(['MINOR', 'WARNING'] as const)('works, and says so, while only the rate holds back mails of severity %s', (severity) => {
    const { says, log, time, problem, notice } = mailer();
    time.now += 30_000;
    says.check(5, severity);
    expect(notice()).toBeUndefined();
    time.now += 1;
    says.check(5, severity);
    expect(notice()).toBe('5 mails wait, none could be handed over for 30 s: TOCSIN_MAIL_RATE lets no more go yet');
    expect([problem(), log]).toEqual([undefined, []]);
    says.finished();
    says.check(4, severity);
    expect(notice()).toBeUndefined();
  });

  it.each(['CRITICAL', 'MAJOR'] as const)('has a problem while the rate holds back a mail of severity %s', (severity) => {
    const { says, log, time, problem, notice } = mailer();
    time.now += 30_001;
    says.check(5, severity);
    expect(problem()).toBe('5 mails wait, none could be handed over for 30 s: TOCSIN_MAIL_RATE lets no more go yet');
    expect([notice(), log]).toEqual([undefined, ['alarms are not mailed']]);
  });

  it('names the fault, not the rate that its attempts have used up', () => {
    const { says, time, problem, notice } = mailer();
    says.deferred(busyServer);
    time.now += 30_001;
    says.check(5, 'MINOR');
    expect([problem(), notice()]).toEqual(['5 mails wait, none could be handed over for 30 s: busy', undefined]);
  });

  it('has a problem at once where the server refuses all mails for its settings', () => {
    const { says, problem } = mailer();
    says.deferred(new TransientError('mail-misconfigured', 'no such user'));
    says.check(1);
    expect(problem()).toBe('the mail server refuses all mails, see the mail settings: no such user');
  });

  it('has a problem while the log does not answer, told once for a row of attempts', () => {
    const { says, log, problem } = mailer();
    says.logBack(WORK);
    says.logAway(WORK, new TransientError('log-unavailable', 'no broker'));
    expect(log).toEqual(['the log does not answer, trying again']);
    says.logAway(WORK, new TransientError('log-unavailable', 'no broker'));
    expect(problem()).toBe('no broker');
    says.logBack(WORK);
    expect(problem()).toBeUndefined();
    expect(log).toEqual(['the log does not answer, trying again']);
  });

  it('has a problem as long as any part of the log does not answer, whatever another part does', () => {
    const { says, log, problem } = mailer();
    const [ledger, alarms] = [{}, {}];
    says.logAway(ledger, new TransientError('log-unavailable', 'no leader of DELIVERY'));
    says.logAway(alarms, new TransientError('log-unavailable', 'no leader of ALARM'));
    says.logBack(alarms);
    says.logBack(alarms);
    expect(problem()).toBe('no leader of DELIVERY');
    says.logBack(ledger);
    expect(problem()).toBeUndefined();
    expect(log).toEqual(['the log does not answer, trying again']);
  });
});
