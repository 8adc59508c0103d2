import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterAll, describe, expect, it, vi } from 'vitest';
import type { MailTransport } from '../../../../../notify/channels/mail/port.ts';
import { diagnoseSmtp, openSmtp, type SmtpOptions } from '../../../../../notify/channels/mail/smtp.ts';
import { mailOf } from '../../../../support/alarms.ts';
import { type FaultySmtp, type FaultySmtpOptions, startSmtp } from '../../../../support/smtp-server.ts';

const OPTIONS = { smtpTls: 'auto', concurrency: 2, timeoutMs: 5_000 } as const;
const DEFERRED = { name: 'TransientError', code: 'mail-deferred' };
const REJECTED = { name: 'PermanentError', code: 'mail-rejected' };
const MISCONFIGURED = { name: 'TransientError', code: 'mail-misconfigured' };

/** The server waits 0.1 s before each greeting, so the tests run beside one another, each with servers of its own. */
const closing: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function bed(
  options: FaultySmtpOptions = {},
  more: Partial<SmtpOptions> = {},
): Promise<{ server: FaultySmtp; transport: MailTransport }> {
  const server = await startSmtp(options);
  closing.push(() => server.stop());
  const transport = openSmtp({ ...OPTIONS, smtpUrl: server.url, ...more });
  closing.push(() => transport.close());
  return { server, transport };
}

/** Something that is no mail server; `url` is where it listens. */
async function listener(onConnection: (socket: Socket) => void): Promise<{ url: string; port: number }> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined));
    onConnection(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  return { url: `smtp://127.0.0.1:${port}`, port };
}

const refusal = (responseCode: number, text: string) => Object.assign(new Error(text), { responseCode });

describe.concurrent('a mail server that answers', () => {
  it('gives its reply to the hand-over', async () => {
    const { transport } = await bed();
    expect((await transport.send(mailOf())).reply).toBe('250 queued as 1');
  });

  it.each([503, 530, 534, 535, 538])(
    'refuses whoever has not logged in with %i, whatever it is asked: a wrong setting, and no mail is given up for it',
    async (code) => {
      const refuse: NonNullable<FaultySmtpOptions['onRcptTo']> = (_address, _session, callback) => callback(refusal(code, 'log in first'));
      for (const options of [{ onRcptTo: refuse }, { onMailFrom: refuse }]) {
        const { transport } = await bed(options);
        await expect(transport.send(mailOf())).rejects.toMatchObject(MISCONFIGURED);
      }
      const { server, transport } = await bed();
      server.script({ code, text: 'log in first' });
      await expect(transport.send(mailOf())).rejects.toMatchObject(MISCONFIGURED);
    },
  );

  it('puts a mail off with 451, which is deferred', async () => {
    const { server, transport } = await bed();
    server.script({ code: 451, text: 'greylisted' });
    await expect(transport.send(mailOf())).rejects.toMatchObject({ ...DEFERRED, message: '451: the server has a fault of its own' });
    await transport.send(mailOf());
    expect(server.taken).toHaveLength(1);
  });

  it('refuses a mail with 550, which is rejected with its reason', async () => {
    const { server, transport } = await bed();
    server.script({ code: 550, text: 'no such alarm desk' });
    await expect(transport.send(mailOf())).rejects.toMatchObject({
      ...REJECTED,
      message: expect.stringMatching(/^550: the mailbox is not available/),
    });
  });

  it('refuses all recipients, which is rejected; puts one of them off, which is deferred', async () => {
    const codes = new Map([
      ['desk@arc.example', 550],
      ['night@arc.example', 550],
    ]);
    const { transport } = await bed({
      onRcptTo: ({ address }, _session, callback) => callback(refusal(codes.get(address) ?? 250, 'not here')),
    });
    await expect(transport.send(mailOf())).rejects.toMatchObject(REJECTED);
    codes.set('desk@arc.example', 450);
    await expect(transport.send(mailOf())).rejects.toMatchObject(DEFERRED);
  });

  it('refuses one of two recipients: handed over, and the refusal is told', async () => {
    const { server, transport } = await bed({
      onRcptTo: ({ address }, _session, callback) => (address.startsWith('night') ? callback(refusal(550, 'asleep')) : callback()),
    });
    const handover = await transport.send(mailOf());
    expect(handover).toEqual({
      reply: expect.stringMatching(/^250 queued as 1; refused for night@arc\.example: 550: /),
      refused: [{ recipient: 'night@arc.example', reply: expect.stringMatching(/^550: /), permanent: true }],
    });
    expect(server.taken).toHaveLength(1);
  });

  it('puts one of two recipients off: handed over, and only that one is handed it again', async () => {
    const given: string[] = [];
    let full = true;
    const { server, transport } = await bed({
      onRcptTo: ({ address }, _session, callback) => {
        if (full && address.startsWith('night')) return callback(refusal(452, 'mailbox full'));
        given.push(address);
        callback();
      },
    });
    const { refused } = await transport.send(mailOf());
    expect(refused).toEqual([{ recipient: 'night@arc.example', reply: '452: the server has no room now', permanent: false }]);
    full = false;
    await transport.send({ ...mailOf(), only: ['night@arc.example'] });
    expect(given).toEqual(['desk@arc.example', 'night@arc.example']);
    expect(server.taken.map(({ to }) => [to].flat().map((list) => list?.text))).toEqual([
      ['desk@arc.example, night@arc.example'],
      ['desk@arc.example, night@arc.example'],
    ]);
  });
});

describe.concurrent('a bound on the rate', () => {
  it('holds whatever the number of connections, and a mail that waits for its turn is put off by a stop', async () => {
    const { server, transport } = await bed({}, { concurrency: 8, rate: { mails: 1, perMs: 3_600_000 } });
    const sent = Array.from({ length: 8 }, (_, n) => transport.send(mailOf(`mail-${n}`)));
    for (const one of sent) one.catch(() => undefined);
    await sent[0];
    transport.turns?.close();
    for (const one of sent.slice(1)) await expect(one).rejects.toMatchObject({ ...DEFERRED, message: expect.stringContaining('stopped') });
    expect(server.taken).toHaveLength(1);
  });

  it('is none where none is set', async () => {
    const { transport } = await bed({}, { rate: { mails: 0, perMs: 1_000 } });
    expect(transport.turns).toBeUndefined();
  });
});

describe.concurrent('a look at the mail server', () => {
  const deps = { clock: () => 0, timeoutMs: 2_000 };
  const look = (options: Partial<SmtpOptions> & { readonly smtpUrl: string }) => diagnoseSmtp({ ...OPTIONS, ...options }, deps);

  it('says that it takes mails, with or without a log-in, and sends none', async () => {
    const { server } = await bed({ allowInsecureAuth: true, onAuth: (_auth, _session, callback) => callback(null, { user: 'desk' }) });
    const check = `mail server 127.0.0.1:${server.port}`;
    expect(await look({ smtpUrl: `smtp://127.0.0.1:${server.port}` })).toEqual([
      { check, ok: true, found: 'takes mails, no TLS, no log-in' },
    ]);
    expect(await look({ smtpUrl: `smtp://desk:secret@127.0.0.1:${server.port}` })).toEqual([
      { check, ok: true, found: 'takes mails, no TLS, signed in' },
    ]);
    expect(server.taken).toEqual([]);
  });

  it('says what is wrong, and which setting to look at', async () => {
    const { server } = await bed({
      allowInsecureAuth: true,
      onAuth: (_auth, _session, callback) => callback(refusal(535, '5.7.8 wrong password')),
    });
    expect(await look({ smtpUrl: `smtp://desk:s3cret@127.0.0.1:${server.port}` })).toEqual([
      {
        ...{ check: `mail server 127.0.0.1:${server.port}`, ok: false, found: expect.stringContaining('535') },
        advice: expect.stringContaining('user and password'),
      },
    ]);
    const { server: busy } = await bed({ onConnect: (_session, callback) => callback(refusal(421, 'x'.repeat(2_000))) });
    const [finding] = await look({ smtpUrl: busy.url });
    expect(finding).toMatchObject({ ok: false, advice: expect.stringContaining('start it') });
    expect(finding?.found).toBe('421: the server closes the connection');
  });

  it.each([
    ['smtp', 587],
    ['smtps', 465],
  ])('asks at the port of %s where none is given, and says that nobody is there', async (protocol, port) => {
    expect(await look({ smtpUrl: `${protocol}://127.0.0.1` })).toEqual([
      {
        ...{ check: `mail server 127.0.0.1:${port}`, ok: false, found: expect.stringContaining('ECONNREFUSED') },
        advice: expect.stringContaining('start it'),
      },
    ]);
  });

  it('says so where the server closes the connection', async () => {
    const { url } = await listener((socket) => socket.end());
    expect(await look({ smtpUrl: url })).toMatchObject([{ ok: false, advice: expect.stringContaining('start it') }]);
  });

  it('says so where the server closes the connection in the middle of the log-in', async () => {
    const { port } = await listener((socket) => {
      socket.write('220 here\r\n');
      socket.on('data', (line) => (line.toString().startsWith('AUTH') ? socket.end() : socket.write('250-here\r\n250 AUTH PLAIN\r\n')));
    });
    expect(await look({ smtpUrl: `smtp://desk:secret@127.0.0.1:${port}` })).toMatchObject([{ ok: false }]);
  });

  it('leaves no connection open, whatever it has found', async ({ expect }) => {
    const { server } = await bed({ allowInsecureAuth: true, onAuth: (_auth, _session, callback) => callback(refusal(535, 'no')) });
    const patient = { ...OPTIONS, timeoutMs: 60_000 };
    for (const [smtpUrl, ok] of [
      [server.url, true],
      [`smtp://desk:secret@127.0.0.1:${server.port}`, false],
    ] as const) {
      expect(await diagnoseSmtp({ ...patient, smtpUrl }, { clock: () => 0, timeoutMs: 60_000 })).toMatchObject([{ ok }]);
      await expect.poll(() => server.connections).toBe(0);
    }
  });
});

describe.concurrent('a refusal that would meet every mail', () => {
  it('of the log-in does not reject the mail', async () => {
    const { server, transport } = await bed(
      {
        authOptional: false,
        allowInsecureAuth: true,
        onAuth: (_auth, _session, callback) => callback(refusal(535, '5.7.8 wrong password')),
      },
      {},
    );
    await expect(transport.send(mailOf())).rejects.toMatchObject(MISCONFIGURED);
    const { protocol, host } = new URL(server.url);
    const withPassword = openSmtp({ ...OPTIONS, smtpUrl: `${protocol}//desk%40arc:s%3Acret@${host}` });
    closing.push(() => withPassword.close());
    const error: unknown = await withPassword.send(mailOf()).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ ...MISCONFIGURED, message: expect.stringContaining('535') });
    expect(String(error)).not.toContain('s:cret');
  });

  it('of the sender does not reject the mail', async () => {
    const { transport } = await bed({ onMailFrom: (_address, _session, callback) => callback(refusal(550, 'who are you')) });
    await expect(transport.send(mailOf())).rejects.toMatchObject(MISCONFIGURED);
  });

  it('in the greeting does not reject the mail', async () => {
    const { transport } = await bed({ onConnect: (_session, callback) => callback(refusal(554, 'go away')) });
    await expect(transport.send(mailOf())).rejects.toMatchObject(MISCONFIGURED);
  });

  it('of a temporary kind is not a fault of the settings', async () => {
    const { transport } = await bed({ onConnect: (_session, callback) => callback(refusal(421, 'too busy')) });
    await expect(transport.send(mailOf())).rejects.toMatchObject(DEFERRED);
  });
});

describe.concurrent('a connection that fails', () => {
  it('before the greeting defers the mail: it is not tried again behind the back of who counts its attempts', async () => {
    let connections = 0;
    const { url } = await listener((socket) => {
      connections += 1;
      socket.end();
    });
    const transport = openSmtp({ ...OPTIONS, smtpUrl: url });
    closing.push(() => transport.close());
    await expect(transport.send(mailOf())).rejects.toMatchObject(DEFERRED);
    expect(connections).toBe(1);
  });

  it('when its second mail begins defers that one, and the next goes over another', async () => {
    const { server, transport } = await bed({
      onMailFrom: (_address, session, callback) => (session.transaction > 1 ? callback(refusal(421, 'enough')) : callback()),
    });
    await transport.send(mailOf('first'));
    await expect(transport.send(mailOf('second'))).rejects.toMatchObject(DEFERRED);
    await transport.send(mailOf('second'));
    expect(server.taken).toHaveLength(2);
  });

  it('in the middle of DATA defers the mail, once', async () => {
    const { server, transport } = await bed();
    server.script('drop-in-data');
    await expect(transport.send(mailOf())).rejects.toMatchObject(DEFERRED);
    expect(server.attempts).toBe(1);
  });

  it('after DATA, before the reply, defers the mail: it may arrive twice, under one id', async () => {
    const { server, transport } = await bed();
    server.script('lose-reply');
    await expect(transport.send(mailOf())).rejects.toMatchObject(DEFERRED);
    await transport.send(mailOf());
    expect(server.taken.map(({ messageId }) => messageId)).toEqual([mailOf().messageId, mailOf().messageId]);
  });

  it('by silence defers the mail after the time-out', async () => {
    const { server, transport } = await bed({}, { timeoutMs: 100 });
    server.script('never-answer');
    await expect(transport.send(mailOf())).rejects.toMatchObject(DEFERRED);
  });

  it('by trickling is cut off although it is never silent', async () => {
    const { url } = await listener((socket) => {
      const drip = setInterval(() => socket.write('220-wait\r\n'), 20);
      socket.on('close', () => clearInterval(drip));
    });
    const transport = openSmtp({ ...OPTIONS, smtpUrl: url, timeoutMs: 100 });
    closing.push(() => transport.close());
    await expect(transport.send(mailOf())).rejects.toMatchObject(DEFERRED);
  });
});

describe.concurrent('a server that answers no mail', () => {
  it('is still handed one of each graver severity: they wait for no connection', async ({ expect }) => {
    const { server, transport } = await bed({}, { concurrency: 1, timeoutMs: 60_000 });
    server.script('never-answer', 'never-answer', 'never-answer', 'never-answer');
    for (const severity of ['WARNING', 'MINOR', 'MAJOR', 'CRITICAL'] as const)
      transport.send({ ...mailOf(severity), severity }).catch(() => undefined);
    await expect.poll(() => server.attempts).toBe(4);
  });
});

describe.concurrent('a transport that is closed', () => {
  it('cuts off a mail that its server stalls: it was not handed over', async () => {
    const { server, transport } = await bed({}, { timeoutMs: 60_000 });
    server.script('never-answer');
    const sending = transport.send(mailOf());
    sending.catch(() => undefined);
    await vi.waitFor(() => expect(server.attempts).toBe(1));
    await transport.close();
    await expect(sending).rejects.toMatchObject(DEFERRED);
    expect(server.taken).toEqual([]);
  });
});

describe.concurrent('a server whose certificate nobody trusts', () => {
  it('is handed mails where TLS is off', async () => {
    const { server, transport } = await bed({ disabledCommands: [] }, { smtpTls: 'off' });
    await transport.send(mailOf());
    expect(server.taken).toHaveLength(1);
  });
});

describe.concurrent('a password', () => {
  it('never leaves for another machine without TLS', async () => {
    let asked = 0;
    const { server } = await bed({
      allowInsecureAuth: true,
      onAuth: (_auth, _session, callback) => {
        asked += 1;
        callback(null, { user: 'desk' });
      },
    });
    const loopback = openSmtp({ ...OPTIONS, smtpUrl: `smtp://desk:secret@127.0.0.1:${server.port}` });
    closing.push(() => loopback.close());
    await loopback.send(mailOf());
    expect(asked).toBe(1);
    const required = openSmtp({ ...OPTIONS, smtpTls: 'required', smtpUrl: `smtp://desk:secret@127.0.0.1:${server.port}` });
    closing.push(() => required.close());
    await expect(required.send(mailOf())).rejects.toMatchObject(MISCONFIGURED);
    expect(asked).toBe(1);
  });

  it('needs TLS when the server is elsewhere, by the name it is given', async () => {
    let asked = 0;
    const { server } = await bed({
      allowInsecureAuth: true,
      onAuth: (_auth, _session, callback) => {
        asked += 1;
        callback(null, { user: 'desk' });
      },
    });
    // 0.0.0.0 reaches this machine, yet isn't a loopback address.
    const elsewhere = openSmtp({ ...OPTIONS, smtpUrl: `smtp://desk:secret@0.0.0.0:${server.port}` });
    closing.push(() => elsewhere.close());
    await expect(elsewhere.send(mailOf())).rejects.toMatchObject(MISCONFIGURED);
    expect(asked).toBe(0);
  });

  it('goes over STARTTLS only to a server whose certificate is trusted', async () => {
    const { transport } = await bed({ disabledCommands: [] }, { smtpTls: 'required' });
    await expect(transport.send(mailOf())).rejects.toMatchObject(MISCONFIGURED);
  });
});
