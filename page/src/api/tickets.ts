/** Single-use tickets, with which a socket is opened in place of a key. */
import { Refusal } from './client.js'

export async function ticketFor(_jobId: string): Promise<string> {
  throw new Refusal(501, 'unknown', 'This service gives no tickets yet.')
}
