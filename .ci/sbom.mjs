// Prints what a release ships as CycloneDX. Made of npm's whole list: with `--omit dev` npm leaves out what a package that we only work with needs, too.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const all = JSON.parse(
  execFileSync('npm', ['sbom', '--sbom-format', 'cyclonedx', '--sbom-type', 'application'], {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  }),
);
const components = all.components.filter(({ properties = [] }) => !properties.some(({ name }) => name === 'cdx:npm:package:development'));
const shipped = new Set([all.metadata.component, ...components].map((component) => component['bom-ref']));
const dependencies = all.dependencies
  .filter(({ ref }) => shipped.has(ref))
  .map(({ ref, dependsOn = [] }) => ({ ref, dependsOn: dependsOn.filter((other) => shipped.has(other)) }));

const names = new Set(components.map(({ group = '', name }) => (group === '' ? name : `${group}/${name}`)));
const wrong = [
  ...Object.keys(JSON.parse(readFileSync('package.json', 'utf8')).dependencies).filter((name) => !names.has(name)),
  ...components.filter(({ version, licenses = [] }) => !version || licenses.length === 0).map(({ name }) => name),
];
if (wrong.length > 0) {
  console.error(`missing, or without version or licence: ${wrong.join(', ')}`);
  process.exitCode = 1;
}
console.log(JSON.stringify({ ...all, components, dependencies }, undefined, 2));
