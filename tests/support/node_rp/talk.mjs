// How a script talks with the test that started it: one JSON line at a time. The test is the user's browser.
import { createInterface } from "node:readline";

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const say = (message) => console.log(JSON.stringify(message));

export const settings = JSON.parse((await lines.next()).value);

/** Sends the browser to `url` and resolves to the address by which it comes back to this client. */
export async function visit(url) {
  say({ visit: url.href });
  return new URL((await lines.next()).value);
}

/** Says how it went, and ends. */
export function done(result) {
  say({ done: result });
  process.stdin.destroy();
}
