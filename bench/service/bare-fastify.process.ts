/** A Fastify that only answers: each route gives one fixed object through a response schema. */
import assert from 'node:assert/strict'
import Fastify from 'fastify'
import { answerMessages } from './bench-process.js'

export interface BareRoute {
  method: 'GET' | 'POST'
  path: string
  answer: unknown
}

type JsonSchema = Readonly<Record<string, unknown>>

function inferSchema(value: unknown): JsonSchema {
  if (value === null) return { type: 'null' }
  if (Array.isArray(value)) return { type: 'array', items: value.length === 0 ? {} : inferSchema(value[0]) }
  if (typeof value !== 'object') return { type: typeof value }
  const properties = Object.entries(value).map(([name, each]) => [name, inferSchema(each)])
  return { type: 'object', properties: Object.fromEntries(properties) }
}

async function listen({ routes }: { routes: readonly BareRoute[] }): Promise<{ port: number }> {
  const app = Fastify({ logger: false, bodyLimit: 8 * 1024 * 1024 })
  for (const { method, path, answer } of routes) {
    const schema = { response: { 200: inferSchema(answer) } }
    app.route({ method, url: path, schema, handler: async () => answer })
  }
  await app.ready()
  for (const { method, path, answer } of routes) {
    const response = await app.inject({ method, url: path, ...(method === 'POST' && { payload: {} }) })
    assert.deepEqual(response.json(), answer, `the bare ${path} leaves something out`)
  }
  await app.listen({ host: '127.0.0.1', port: 0 })
  const address = app.server.address()
  if (address === null || typeof address === 'string') throw new Error('no port was given')
  return { port: address.port }
}

answerMessages(listen)
