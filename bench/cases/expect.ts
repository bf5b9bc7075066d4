/** Makes sure, before anything is measured, that it is the right answer. */
import type { Server } from '../servers.js';
import { ask } from '../stage.js';
import { reviewOf } from '../tokens.js';

export async function expectAnswer(server: Server, token: string, authenticated: boolean): Promise<void> {
  const { status, body } = await ask(server, reviewOf(token));
  if (status !== 200 || !body.includes(`"authenticated":${authenticated}`)) {
    throw new Error(`${server.name} answered ${status} ${body.slice(0, 500)}, not authenticated: ${authenticated}`);
  }
}
