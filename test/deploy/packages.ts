/** What the tests of deployment need of Debian. */
import { attempt, run } from './run.ts';

/** By the program that is looked for. */
const PACKAGES = {
  dockerd: 'docker.io',
  iptables: 'iptables',
  debootstrap: 'debootstrap',
  nsenter: 'util-linux',
  ip: 'iproute2',
  curl: 'curl',
  openssl: 'openssl',
  mvn: 'maven',
} as const;

export async function needPackages(): Promise<void> {
  const missing: string[] = [];
  for (const [program, name] of Object.entries(PACKAGES)) if ((await attempt('which', [program])).code !== 0) missing.push(name);
  if (missing.length === 0) return;
  await run('apt-get', ['update', '-qq']);
  await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...missing], {
    environment: { DEBIAN_FRONTEND: 'noninteractive' },
  });
}
