/**
 * For an image's HEALTHCHECK: exit code 0 if every port of the process that is open says that it is ready, 1 otherwise. Which roles it has is seen by its ports;
 * without a package, since it runs every few seconds.
 */
import { get } from 'node:http';
import { env } from 'node:process';

const { TOCSIN_HOST: host = '', TOCSIN_INGEST_PORT, TOCSIN_CONSOLE_PORT, TOCSIN_OPERATIONS_PORT } = env;
const address = ['', '0.0.0.0', '::'].includes(host) ? '127.0.0.1' : host;
const ports = [TOCSIN_INGEST_PORT || 19_092, TOCSIN_CONSOLE_PORT || 8_080, TOCSIN_OPERATIONS_PORT || 9_464];

/** Undefined: nobody listens there, since it is a port of another role. */
const isReady = (port) =>
  new Promise((resolve) => {
    const request = get({ host: address, port, path: '/readyz', timeout: 4_000 }, ({ statusCode }) => resolve(statusCode === 200));
    request.on('timeout', () => request.destroy());
    request.on('error', ({ code }) => resolve(code === 'ECONNREFUSED' ? undefined : false));
  });

const answers = await Promise.all(ports.map(isReady));
process.exit(answers.includes(true) && !answers.includes(false) ? 0 : 1);
