/** Single-use tickets, with which a socket is opened in place of a key. */
import { post } from './client.js'

/** @throws Refusal when the key may not watch the job. */
export async function ticketFor(id: string): Promise<string> {
  const { ticket } = await post('/jobs/{id}/stream-tickets', undefined, { id })
  return ticket
}

/** For the stream of many jobs. @throws Refusal when the key may not watch jobs. */
export async function ticketForMany(): Promise<string> {
  const { ticket } = await post('/stream-tickets', undefined)
  return ticket
}
