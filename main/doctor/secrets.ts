const SECRET_SETTING = /PASSWORD|TOKEN|SECRET/;
/** Shorter ones appear in any text by chance. */
const SECRET_LENGTH_MIN = 4;

/** The secrets among the settings of an environment, in every form in which a text may contain them, without duplicates, longest first. */
export function secretsIn(environment: NodeJS.Dict<string>): readonly string[] {
  const secrets = Object.entries(environment).flatMap(([name, value = '']) => secretsOf(name, value));
  return [...new Set(secrets)].filter((secret) => secret.length >= SECRET_LENGTH_MIN).sort((a, b) => b.length - a.length);
}

/** The secrets in the value of one setting. */
function secretsOf(name: string, value: string): readonly string[] {
  if (!name.startsWith('TOCSIN_')) return [];
  const parts = SECRET_SETTING.test(name) ? [value, ...value.split(/[,:]/)] : [];
  return [...parts, ...passwordOf(value)];
}

/** The secret as it is written in a URL, and decoded. */
function passwordOf(value: string): string[] {
  if (!URL.canParse(value)) return [];
  const { password } = new URL(value);
  return password === '' ? [] : [password, decodeURIComponent(password)];
}
