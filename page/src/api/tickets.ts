/** Requests single-use tickets, which open a stream in place of a key. */
import { post } from './client.js'

/**
 * @param token of a share link, instead of the key
 * @throws ApiError if the key or link may not watch the job
 */
export async function requestJobTicket(id: string, token?: string): Promise<string> {
  const { ticket } = await post('/jobs/{id}/stream-tickets', undefined, { id, token })
  return ticket
}

/** For the stream of many jobs. @throws ApiError if the key may not watch jobs. */
export async function requestJobsTicket(): Promise<string> {
  const { ticket } = await post('/stream-tickets', undefined)
  return ticket
}
