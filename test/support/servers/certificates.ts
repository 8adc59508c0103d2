/** Certificates for servers on loopback, made by openssl for one test. */
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const openssl = (args: readonly string[]) => promisify(execFile)('openssl', args);

export interface Certificates {
  /** PEM files: the authority; the server's key and certificate, in one file and separately. */
  readonly caFile: string;
  readonly serverFile: string;
  readonly keyFile: string;
  readonly certificateFile: string;
}

/** A new authority, and a certificate signed by it for 127.0.0.1 and localhost, which can also be used by clients. */
export async function makeCertificates(folder: string, commonName: string): Promise<Certificates> {
  const path = (name: string): string => join(folder, name);
  const caFile = path('ca.pem');
  const [keyFile, certificateFile, serverFile] = [path('server-key.pem'), path('server-cert.pem'), path('server.pem')];
  const newKey = ['req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  await openssl([...newKey, '-x509', '-subj', '/CN=test authority', '-keyout', path('ca-key.pem'), '-out', caFile]);
  await openssl([...newKey, '-subj', `/CN=${commonName}`, '-keyout', keyFile, '-out', path('server.csr')]);
  await writeFile(path('server.ext'), 'subjectAltName=IP:127.0.0.1,DNS:localhost\nextendedKeyUsage=serverAuth,clientAuth\n');
  const signed = ['-CA', caFile, '-CAkey', path('ca-key.pem'), '-CAcreateserial', '-days', '2', '-extfile', path('server.ext')];
  await openssl(['x509', '-req', '-in', path('server.csr'), ...signed, '-out', certificateFile]);
  await writeFile(serverFile, (await readFile(keyFile, 'utf8')) + (await readFile(certificateFile, 'utf8')), { mode: 0o600 });
  return { caFile, serverFile, keyFile, certificateFile };
}
