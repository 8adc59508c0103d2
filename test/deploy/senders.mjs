/**
 * Sends one motion for each of the sensors FROM to TO until it is accepted, once only, over eight connections; stops at the first that can't be sent. Prints those
 * that were accepted as JSON. A program of its own, to run in the engine's network: node senders.mjs URL TOKEN FROM TO
 */
const [, , url = '', token = '', from = '', to = ''] = process.argv;
const accepted = [];
let next = Number(from);
let stopped = false;

async function sender() {
  while (!stopped && next <= Number(to)) {
    const id = next++;
    try {
      const answer = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
        body: JSON.stringify({ id, motion: true }),
      });
      if (answer.ok) accepted.push(id);
      else stopped = true;
      await answer.text();
    } catch {
      stopped = true;
    }
  }
}

await Promise.all(Array.from({ length: 8 }, sender));
process.stdout.write(JSON.stringify(accepted));
