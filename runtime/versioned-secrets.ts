import { z } from 'zod';

/** Shorter secrets could be guessed. */
export const SECRET_LENGTH_MIN = 16;
/** A change needs two; each further version makes rejecting a wrong key more expensive. */
const VERSIONS_MAX = 3;

/** A secret that keys are derived from. During a change of secrets, several versions are valid at once. */
export interface VersionedSecret {
  readonly version: number;
  readonly secret: string;
}

/**
 * Reads one secret, which is version 1, or `v2:SECRET,v1:SECRET`, the current one first. `problem` says what is wrong with the text, if anything, without
 * repeating a secret.
 */
export function parseVersionedSecrets(text: string): { readonly secrets: readonly VersionedSecret[]; readonly problem?: string } {
  // Secrets may contain commas: only a comma before a version ends a secret.
  const secrets = text.split(/,\s*(?=v\d+:)/).map((part): VersionedSecret => {
    const [, version, secret] = /^v(\d{1,6}):(.*)$/s.exec(part.trim()) ?? [];
    return version === undefined || secret === undefined ? { version: 1, secret: part } : { version: Number(version), secret };
  });
  if (secrets.some(({ secret }) => secret.length < SECRET_LENGTH_MIN))
    return { secrets, problem: `must have at least ${SECRET_LENGTH_MIN} characters` };
  if (new Set(secrets.map(({ version }) => version)).size < secrets.length) return { secrets, problem: 'names a version twice' };
  if (secrets.length > VERSIONS_MAX) return { secrets, problem: `has more than ${VERSIONS_MAX} versions` };
  return { secrets };
}

/** The type of a setting for such secrets; none if it isn't set. */
export const versionedSecrets = z
  .string()
  .optional()
  .transform((text, context): readonly VersionedSecret[] => {
    if (text === undefined) return [];
    const { secrets, problem } = parseVersionedSecrets(text);
    if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
    return secrets;
  });
