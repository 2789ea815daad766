/** The stream of a sweep. */
import { follow, type StreamOptions } from './follow.js'
import type { Schemas } from './routes.js'
import type { Transport } from './transport.js'

export type SweepMessage = Schemas['SweepMessage']

export interface SweepWatchOptions extends StreamOptions {
  /** False leaves out the messages about trials. */
  trials?: boolean
}

/** Yields the messages up to the end of the sweep. After a lost connection, a trial may come again unchanged. */
export async function* watchSweep(
  transport: Transport,
  id: string,
  { trials = true, ...options }: SweepWatchOptions = {},
): AsyncGenerator<SweepMessage, void, undefined> {
  let position = 0
  const source = {
    route: 'GET /sweeps/{id}/stream',
    path: { id },
    query: () => ({ after: String(position), trials: String(trials) }),
    ticket: 'POST /stream-tickets',
    read: (data: unknown): SweepMessage => JSON.parse(String(data)),
  } as const
  for await (const message of follow(transport, source, options)) {
    if (message.type === 'trials') position = message.position
    yield message
    if (message.type === 'end') return
  }
}
