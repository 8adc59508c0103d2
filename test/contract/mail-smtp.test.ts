import { describe } from 'vitest';
import { openSmtp } from '../../notify/channels/mail/smtp.ts';
import { type FaultySmtp, startSmtp } from '../support/smtp-server.ts';
import { mailTransportContract } from './mail-transport.ts';

describe('smtp', () => {
  mailTransportContract(async () => {
    let server: FaultySmtp | undefined = await startSmtp();
    const { port, url } = server;
    const transport = openSmtp({ smtpUrl: url, smtpTls: 'auto', concurrency: 4, timeoutMs: 5_000 });
    const stop = async () => {
      await server?.stop();
      server = undefined;
    };
    return {
      transport,
      arrived: async () => server?.taken ?? [],
      fail: stop,
      mend: async () => {
        server = await startSmtp({ port });
      },
      close: async () => {
        await transport.close();
        await stop();
      },
    };
  });
});
