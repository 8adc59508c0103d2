import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { call, eventually, OPERATOR_TOKEN, startTestConsole, type TestConsole } from '../../support/console.ts';

let on: TestConsole;
beforeEach(async () => {
  on = await startTestConsole();
});
afterEach(() => on.stop());

/** Everything that is answered to these bytes, up to the end of the connection. */
function answersTo(bytes: string): Promise<string> {
  const socket = connect(on.console.port, '127.0.0.1');
  socket.write(bytes);
  return text(socket);
}

function acknowledgement({ id, version }: { id: string; version: number }): string {
  const body = JSON.stringify({ version });
  return `POST /api/alarms/${id}/acknowledge HTTP/1.1\r\nHost: 127.0.0.1:${on.console.port}\r\nAuthorization: Bearer ${OPERATOR_TOKEN}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}

const statusesIn = (answers: string) => [...answers.matchAll(/^HTTP\/1\.1 (\d+)/gm)].map(([, status]) => Number(status));

it.each(['\0', 'x', '\r\n\r\nGET / nonsense\r\n\r\n', '{"version":1}', '\x16\x03\x01'])(
  'gives an action that was complete its own answer, whatever follows it (%j)',
  async (tail) => {
    await on.report(42_959);
    const { json } = await eventually(
      () => call(on, '/api/alarms'),
      ({ json: page }) => page.alarms.length > 0,
    );
    const answers = await answersTo(acknowledgement(json.alarms[0]) + tail);
    expect(statusesIn(answers)).toEqual([200]);
    expect(answers).toContain('"state":"ACTIVE_ACK"');
  },
);

it('answers what is no HTTP at all with 400, and closes', async () => {
  expect(statusesIn(await answersTo('nonsense\r\n\r\n'))).toEqual([400]);
});
