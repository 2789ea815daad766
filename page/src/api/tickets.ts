/** Single-use tickets, with which a socket is opened in place of a key. */
import { post } from './client.js'

/** @throws Refusal when the key may not watch the job. */
export async function ticketFor(id: string): Promise<string> {
  const { ticket } = await post('/jobs/{id}/stream-tickets', undefined, { id })
  return ticket
}
