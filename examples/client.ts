/** A minimal client: sends requests, queues trainings, watches them. */
import { setTimeout } from 'node:timers/promises'
import { createWebSocketStream, WebSocket } from 'ws'
import type { z } from 'zod'
import { readConfig } from '../src/config.js'
import { type Job, jobSchema } from '../src/contract/job.js'
import type { jobRequestSchema } from '../src/contract/job-request.js'
import { problemSchema } from '../src/contract/problems.js'
import { type StreamMessage, streamMessageSchema } from '../src/contract/stream.js'

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

/** Queues a training. */
export function submit(url: string, job: z.input<typeof jobRequestSchema>): Promise<Job> {
  return request(`${url}/jobs`, jobSchema, job)
}

/** Streams the messages about a training, from its first epoch to its end. */
export async function* watch(url: string, job: Job): AsyncGenerator<StreamMessage> {
  const socket = new WebSocket(`${url.replace(/^http/, 'ws')}${job.links.stream}`, { headers: withKey() })
  const messages = createWebSocketStream(socket, { encoding: 'utf8', readableObjectMode: true })
  for await (const text of messages) {
    const message = streamMessageSchema.parse(JSON.parse(text))
    yield message
    if (message.type === 'end') return
  }
  throw new Error(`the stream of ${job.id} closed before the end of the training`)
}
