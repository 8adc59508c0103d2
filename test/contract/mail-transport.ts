import type { ParsedMail } from 'mailparser';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { MailTransport } from '../../notify/channels/mail/port.ts';
import { mailOf } from '../support/alarms.ts';

export interface MailTransportBed {
  readonly transport: MailTransport;
  /** All mails that have arrived, in any order. */
  arrived(): Promise<readonly ParsedMail[]>;
  /** Nothing can be handed over until `mend`. */
  fail(): Promise<void>;
  mend(): Promise<void>;
  close(): Promise<void>;
}

/** The contract of every MailTransport. */
export function mailTransportContract(open: () => Promise<MailTransportBed>): void {
  let bed: MailTransportBed;
  beforeEach(async () => {
    bed = await open();
  });
  afterEach(() => bed.close());

  it('hands over a mail whole: headers, both bodies, all recipients', async () => {
    const mail = mailOf();
    const { reply } = await bed.transport.send(mail);
    expect(reply).not.toBe('');
    const [arrived, ...others] = await bed.arrived();
    expect(others).toEqual([]);
    expect(arrived?.messageId).toBe(mail.messageId);
    expect(arrived?.subject).toBe(mail.subject);
    expect(arrived?.headers.get('x-tocsin-alarm')).toBe('a42959-smoke-17');
    expect(arrived?.headers.get('x-tocsin-event')).toBe('raised');
    expect([arrived?.to].flat().map((list) => list?.text)).toEqual(['desk@arc.example, night@arc.example']);
    expect(arrived?.text?.trim()).toBe(mail.text.trim());
    expect(String(arrived?.html).trim()).toBe(mail.html.trim());
  });

  it('hands over many at the same time', async () => {
    const mails = Array.from({ length: 40 }, (_, i) => mailOf(`many-${i}`));
    await Promise.all(mails.map((mail) => bed.transport.send(mail)));
    const ids = (await bed.arrived()).map(({ messageId }) => messageId);
    expect(ids.sort()).toEqual(mails.map(({ messageId }) => messageId).sort());
  });

  it('rejects as deferred while it cannot hand over, and can again afterwards', async () => {
    await bed.fail();
    await expect(bed.transport.send(mailOf())).rejects.toMatchObject({ name: 'TransientError', code: 'mail-deferred' });
    await bed.mend();
    await bed.transport.send(mailOf());
    expect((await bed.arrived()).map(({ messageId }) => messageId)).toEqual([mailOf().messageId]);
  });

  it('gives the same mail the same id when it is sent again', async () => {
    await bed.transport.send(mailOf());
    await bed.transport.send(mailOf());
    expect(new Set((await bed.arrived()).map(({ messageId }) => messageId))).toEqual(new Set([mailOf().messageId]));
  });
}
