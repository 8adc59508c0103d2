// Known advisories about what is shipped. Not every registry answers audits: then that is said, and SECURITY.md has the other way.
import { spawnSync } from 'node:child_process';

const { stdout } = spawnSync('npm', ['audit', '--omit=dev', '--json'], { encoding: 'utf8', timeout: 60_000, maxBuffer: 64 * 1024 * 1024 });
const { metadata, vulnerabilities = {}, message = 'no answer' } = stdout.startsWith('{') ? JSON.parse(stdout) : {};
if (metadata === undefined) {
  console.log(`advisories: NOT CHECKED, the registry answers no audits (${message.split(' - ')[0]})`);
} else {
  const found = Object.values(vulnerabilities).filter(({ severity }) => severity !== 'info' && severity !== 'low');
  for (const { name, severity, range } of found) console.log(`advisories: ${name} ${range}: ${severity}`);
  console.log(`advisories: ${found.length} among ${metadata.dependencies.prod} packages`);
  process.exitCode = found.length === 0 ? 0 : 1;
}
