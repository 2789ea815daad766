/** What an attack is, and its requests. */
import { type HttpRequest, json } from '../http-client.js'
import type { AttackFixtures } from './fixtures.js'

export const lanesPerAttack = 16

export interface Attack {
  /** As the OpenAPI document writes them, which hides `/mcp`. */
  routes: readonly string[]
  /** Concurrent requests. */
  lanes: number
  /** Resolves with the repeated round, and the cleanup. */
  prepare(fixtures: AttackFixtures): Promise<{ round(lane: number): Promise<void>; end?(): Promise<void> }>
}

/** Repeats the requests in turn. Answers are not read. */
export const repeated =
  (asks: (fixtures: AttackFixtures) => HttpRequest[]): Attack['prepare'] =>
  async (fixtures) => {
    const list = asks(fixtures)
    let next = 0
    return {
      round: async () => {
        await fixtures.client.send(list[next++ % list.length], false)
      },
    }
  }

export const idIn = (text: string) => /"id":"([^"]+)"/.exec(text)?.[1]

/** Creates a resource, then deletes it. */
export const createAndDelete =
  (make: () => HttpRequest, unmake: (id: string) => HttpRequest): Attack['prepare'] =>
  async ({ client }) => {
    const ask = make()
    return {
      round: async () => {
        const { status, text } = await client.send(ask)
        const id = idIn(text)
        if (status < 300 && id !== undefined) await client.send(unmake(id), false)
      },
    }
  }

export const get = (path: string): HttpRequest => ({ method: 'GET', path })
export const post = (path: string, body?: object): HttpRequest => ({
  method: 'POST',
  path,
  ...(body !== undefined && { body: json(body) }),
})
export const remove = (path: string): HttpRequest => ({ method: 'DELETE', path })

export async function cancelAll({ client }: AttackFixtures): Promise<void> {
  for (const status of ['running', 'queued']) {
    for (;;) {
      const { text } = await client.send(get(`/jobs?status=${status}&limit=100`))
      const ids = [...text.matchAll(/"id":"(job_[0-9a-f]+)"/g)].map(([, id]) => id)
      if (ids.length === 0) break
      await Promise.all(ids.map((id) => client.send(post(`/jobs/${id}/cancel`), false)))
    }
  }
}
