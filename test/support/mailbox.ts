/** An SMTP server that keeps its mails as files, as the outbox does, so that the simulator can count them; it can be stopped and started again. */
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ParsedMail } from 'mailparser';
import { type FaultySmtp, startSmtp } from './smtp-server.ts';

export interface KeptMail {
  readonly mail: ParsedMail;
  /** Epoch ms. */
  readonly arrivedAt: number;
}

export class Mailbox {
  /** In order of arrival; a mail that arrived twice is listed twice, but has one file. */
  readonly mails: KeptMail[] = [];
  readonly #folder: string;
  #port = 0;
  #server: FaultySmtp | undefined;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** `folder` must exist. */
  static async open(folder: string): Promise<Mailbox> {
    const mailbox = new Mailbox(folder);
    await mailbox.restart();
    return mailbox;
  }

  get url(): string {
    return `smtp://127.0.0.1:${this.#port}`;
  }

  /** Breaks off connections and stops listening. */
  async kill(): Promise<void> {
    await this.#server?.stop();
    this.#server = undefined;
  }

  /** Listens on the same port as before. */
  async restart(): Promise<void> {
    const verdict = (mail: ParsedMail) => {
      this.#keep(mail);
      return 'take' as const;
    };
    this.#server = await startSmtp({ port: this.#port, verdict });
    this.#port = this.#server.port;
  }

  #keep(mail: ParsedMail): void {
    this.mails.push({ mail, arrivedAt: Date.now() });
    const name = (mail.messageId ?? '').replace(/[^\w.@~-]/g, '');
    const head = mail.headerLines.map(({ line }) => line).join('\r\n');
    const file = join(this.#folder, `${name}.eml`);
    writeFileSync(`${file}.part`, `${head}\r\n\r\n${mail.text ?? ''}`);
    renameSync(`${file}.part`, file);
  }
}
