/** What a console tells of alarms, with TOCSIN_API_TOKEN. */
import { setTimeout as sleep } from 'node:timers/promises';

export interface WholeAlarm {
  readonly id: string;
  readonly raisedAt: string;
  readonly custody: readonly { readonly at: string; readonly kind: string }[];
}

interface Page {
  readonly alarms: readonly { readonly id: string }[];
  readonly cursor: string | null;
}

/** Each alarm raised since then (an ISO time), whole. */
export async function* alarmsSince(url: string, since: string): AsyncGenerator<WholeAlarm> {
  for (let cursor: string | null = ''; cursor !== null; ) {
    const page: Page = await get(url, `/api/alarms?state=all&from=${since}&limit=200${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
    for (const { id } of page.alarms) yield await get<WholeAlarm>(url, `/api/alarms/${encodeURIComponent(id)}`);
    cursor = page.cursor;
  }
}

async function get<Answer>(url: string, path: string): Promise<Answer> {
  const answer = await fetch(`${url}${path}`, { headers: { authorization: `Bearer ${process.env.TOCSIN_API_TOKEN}` } });
  if (answer.status === 429) {
    await sleep(1_000);
    return get(url, path);
  }
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as Answer;
}
