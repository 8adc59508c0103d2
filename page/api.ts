export interface Answer<T> {
  readonly status: number;
  readonly body: T | undefined;
  /** What went wrong, in plain words; undefined on success. */
  readonly error: string | undefined;
}

const TIMEOUT_MS = 10_000;

/** Calls the API; never rejects. Status 0: the server doesn't answer. */
export async function callApi<T>(
  method: 'GET' | 'POST' | 'DELETE',
  path: string,
  body?: unknown,
  headers: object = {},
): Promise<Answer<T>> {
  try {
    const response = await fetch(path, {
      method,
      signal: AbortSignal.timeout(TIMEOUT_MS),
      ...(body === undefined ? {} : { headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) }),
    });
    const answer = (await response.json()) as T & { error?: string };
    return {
      status: response.status,
      body: answer,
      error: response.ok ? undefined : (answer.error ?? `the server answered ${response.status}`),
    };
  } catch {
    return { status: 0, body: undefined, error: 'the server does not answer' };
  }
}
