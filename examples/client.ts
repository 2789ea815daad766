/** The client, with the key of the environment. Tests and benchmarks also send requests of any address. */
import { setTimeout } from 'node:timers/promises'
import { WebSocket } from 'ws'
import type { z } from 'zod'
import { Descent, type JobData, type JobRequest } from '../sdk/src/index.js'
import { readConfig } from '../src/config.js'
import { problemSchema } from '../src/contract/problems.js'

/** Retries after a 503 response, each after the delay in Retry-After. */
const maximumRetries = 5

/**
 * Sends a request and parses the response with a schema.
 * @param body sent as JSON; a Buffer is sent as CSV
 * @throws Error with the title and detail of the problem when the service rejects the request
 */
export async function request<T>(address: string, answer: z.ZodType<T>, body?: object): Promise<T> {
  const contentType = body instanceof Buffer ? 'text/csv' : 'application/json'
  const sent =
    body === undefined
      ? { headers: withKey() }
      : {
          method: 'POST',
          headers: { ...withKey(), 'content-type': contentType },
          body: body instanceof Buffer ? body : JSON.stringify(body),
        }
  let response = await fetch(address, sent)
  for (let attempt = 0; response.status === 503 && attempt < maximumRetries; attempt++) {
    await setTimeout(1000 * Number(response.headers.get('retry-after') ?? 1))
    response = await fetch(address, sent)
  }
  const content: unknown = await response.json()
  if (response.ok) return answer.parse(content)
  const { title, detail } = problemSchema.parse(content)
  throw new Error(`${title}: ${detail}`)
}

function withKey(): Record<string, string> {
  const { DESCENT_KEY } = readConfig()
  return DESCENT_KEY === undefined ? {} : { authorization: `Bearer ${DESCENT_KEY}` }
}

/** The client of sdk/ with the key of the environment. */
export const connect = (url: string): Descent =>
  new Descent({ url, key: readConfig().DESCENT_KEY, WebSocket })

/** Queues a training. */
export async function submit(url: string, job: JobRequest): Promise<JobData> {
  return (await connect(url).jobs.create(job)).data
}

/** Streams the messages about a training, from its first epoch to its end. */
export const watch = (url: string, { id }: Pick<JobData, 'id'>) => connect(url).jobs.watch(id)
