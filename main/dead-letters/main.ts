/** Lists, shows and replays records that could not be handled: `npm run dead-letters`. */
import { readEnvironment } from '../../runtime/environment.ts';
import { runProgram } from '../../runtime/program.ts';
import { withPort } from '../beside.ts';
import { deadLettersProgram } from './command.ts';

const program = deadLettersProgram(
  (work) => withPort('log', readEnvironment(), { beside: false }, ({ log }, clock) => work(log, clock)),
  (line) => process.stdout.write(`${line}\n`),
);

await runProgram(program, process.argv.slice(2));
