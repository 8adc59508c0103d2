import type { Archive } from '../archive/port.ts';
import type { Directory } from '../directory/port.ts';
import type { History } from '../history/port.ts';
import type { MessageLog } from '../message-log/port.ts';
import type { MailTransport } from '../notify/channels/mail/port.ts';

/** The interfaces that roles use, without knowing the adapters behind them. */
export interface Ports {
  readonly log: MessageLog;
  readonly directory: Directory;
  readonly archive: Archive;
  readonly history: History;
  readonly mail: MailTransport;
}

export type PortName = keyof Ports;
