import type { Mail } from './port.ts';

/** A mail in the terms of nodemailer. Nothing in it may name a file or an address to fetch. */
export function messageOf(mail: Mail) {
  return {
    messageId: mail.messageId,
    from: mail.from,
    to: [...mail.to],
    ...(mail.only ? { envelope: { from: mail.from, to: [...mail.only] } } : {}),
    subject: mail.subject,
    text: mail.text,
    html: mail.html,
    headers: { ...mail.headers },
    date: mail.date,
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}
