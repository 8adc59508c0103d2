/** The clients who hold an alarm: `npm run clients`. */
import { readEnvironment } from '../../runtime/environment.ts';
import { runProgram } from '../../runtime/program.ts';
import { withPort } from '../beside.ts';
import { clientsProgram } from './commands.ts';

const program = clientsProgram((work) => withPort('directory', readEnvironment(), { beside: true }, ({ directory }) => work(directory)));

await runProgram(program, process.argv.slice(2));
// Cassandra's driver keeps a connection to a node that went away and came back, and that keeps the process alive.
process.exit();
