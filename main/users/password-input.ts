/** Asks for a password: on a terminal twice and without showing it, otherwise the first line of the standard input. */
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { PASSWORD_LENGTH } from '../../console/security/password.ts';
import { UsageError } from '../../runtime/command-line.ts';

const { min, max } = PASSWORD_LENGTH;

/** Rejects with UsageError if it is too short, too long, or typed differently the second time. */
export async function readPassword(): Promise<string> {
  const password = process.stdin.isTTY ? await typedTwice() : await firstLine();
  if (password.length < min || password.length > max) throw new UsageError([`a password has ${min} to ${max} characters`]);
  return password;
}

async function typedTwice(): Promise<string> {
  const nothing = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: nothing, terminal: true });
  const ask = async (prompt: string): Promise<string> => {
    process.stderr.write(prompt);
    const line = await lines.question('');
    process.stderr.write('\n');
    return line;
  };
  try {
    const password = await ask('Password: ');
    if ((await ask('Once more: ')) !== password) throw new UsageError(['the two passwords differ']);
    return password;
  } finally {
    lines.close();
  }
}

async function firstLine(): Promise<string> {
  const lines = createInterface({ input: process.stdin });
  for await (const line of lines) {
    lines.close();
    return line;
  }
  throw new UsageError(['no password came on the standard input']);
}
