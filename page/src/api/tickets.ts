/** Requests single-use tickets, which open a stream in place of a key. */
import { post } from './client.js'

/** @throws ApiError if the key may not watch the job. */
export async function requestJobTicket(id: string): Promise<string> {
  const { ticket } = await post('/jobs/{id}/stream-tickets', undefined, { id })
  return ticket
}

/** For the stream of many jobs. @throws ApiError if the key may not watch jobs. */
export async function requestJobsTicket(): Promise<string> {
  const { ticket } = await post('/stream-tickets', undefined)
  return ticket
}
