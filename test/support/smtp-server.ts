/** A real SMTP server on loopback that misbehaves as the test says. */
import type { AddressInfo, Socket } from 'node:net';
import { type ParsedMail, simpleParser } from 'mailparser';
import { SMTPServer, type SMTPServerOptions, type SMTPServerSession } from 'smtp-server';

/** What happens to a mail: accepted, refused with a code, cut off while it comes in, accepted with the reply lost, or never answered. */
type Verdict = 'take' | 'drop-in-data' | 'lose-reply' | 'never-answer' | { readonly code: number; readonly text?: string };

export interface FaultySmtp {
  readonly url: string;
  readonly port: number;
  /** All mails that were accepted, in order. */
  readonly taken: readonly ParsedMail[];
  /** How many mails were begun. */
  readonly attempts: number;
  /** How many connections are open. */
  readonly connections: number;
  /** Verdicts on the next mails, one each; then `verdict` again. */
  script(...verdicts: readonly Verdict[]): void;
  /** Resolves once this many mails were accepted. */
  arrived(count: number): Promise<readonly ParsedMail[]>;
  stop(): Promise<void>;
}

export interface FaultySmtpOptions extends SMTPServerOptions {
  readonly port?: number;
  /** The verdict on mails that the script doesn't decide. */
  readonly verdict?: (mail: ParsedMail) => Verdict;
}

export async function startSmtp({ port = 0, verdict = () => 'take', ...options }: FaultySmtpOptions = {}): Promise<FaultySmtp> {
  const taken: ParsedMail[] = [];
  const scripted: Verdict[] = [];
  const sockets = new Map<number, Socket>();
  const waiting = new Set<() => void>();
  let attempts = 0;
  const cut = (session: SMTPServerSession) => sockets.get(session.remotePort)?.destroy();
  const keep = (mail: ParsedMail) => {
    taken.push(mail);
    for (const wake of waiting) wake();
  };

  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    disableReverseLookup: true,
    closeTimeout: 100,
    onData: (stream, session, callback) => {
      attempts += 1;
      const next = scripted.shift();
      if (next === 'drop-in-data') {
        stream.once('data', () => cut(session));
        stream.resume();
        return;
      }
      simpleParser(stream).then((mail) => {
        const chosen = next ?? verdict(mail);
        if (chosen === 'take') {
          keep(mail);
          callback(null, `OK queued as ${taken.length}`);
        } else if (chosen === 'lose-reply') {
          keep(mail);
          cut(session);
        } else if (typeof chosen === 'object') {
          callback(Object.assign(new Error(chosen.text ?? 'as scripted'), { responseCode: chosen.code }));
        }
      }, callback);
    },
    ...options,
  });
  server.on('error', () => undefined);
  server.server.on('connection', (socket: Socket) => {
    const from = socket.remotePort ?? 0;
    sockets.set(from, socket);
    socket.once('close', () => sockets.delete(from));
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', () => resolve()));
  const bound = (server.server.address() as AddressInfo).port;

  return {
    url: `smtp://127.0.0.1:${bound}`,
    port: bound,
    taken,
    get attempts() {
      return attempts;
    },
    get connections() {
      return sockets.size;
    },
    script: (...verdicts) => {
      scripted.push(...verdicts);
    },
    arrived: async (count) => {
      while (taken.length < count) {
        await new Promise<void>((resolve) => {
          const wake = () => {
            waiting.delete(wake);
            resolve();
          };
          waiting.add(wake);
        });
      }
      return taken;
    },
    stop: async () => {
      // Under TLS these are the raw sockets, and destroying one in the middle of a handshake can crash Node; there `closeTimeout` ends them.
      if (!options.cert) for (const socket of sockets.values()) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
