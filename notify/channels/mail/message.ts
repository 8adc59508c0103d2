import type { Mail } from './port.ts';

/** A mail as nodemailer takes it. Nothing in it may name a file or an address to fetch. */
export function messageOf(mail: Mail) {
  return {
    messageId: mail.messageId,
    from: mail.from,
    to: [...mail.to],
    ...(mail.only ? { envelope: { from: mail.from, to: [...mail.only] } } : {}),
    subject: mail.subject,
    text: oneKindOfLineEnd(mail.text),
    html: oneKindOfLineEnd(mail.html),
    headers: { ...mail.headers },
    date: mail.date,
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}

/** A single CR or LF must not reach a mail server; the transport turns each LF into CRLF. */
function oneKindOfLineEnd(text: string): string {
  return text.replace(/\r\n?/g, '\n');
}
