import { readFileSync } from 'node:fs';
import { PermanentError, reasonOf } from './errors.ts';

/** The certificate or key in a file that a setting names. Throws PermanentError `file` that names the setting, the file and the reason. */
export function readPem(file: string, setting: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new PermanentError('file', `${setting}: ${file} cannot be read: ${reasonOf(error)}`, { cause: error });
  }
}
