/**
 * Sends requests generated from /openapi.json to a separate process. Every response is documented, none is a 5xx, each
 * refusal is a known problem, and memory stays bounded. FUZZ_REQUESTS and RANDOM_SEEDS set their number and the seeds.
 */
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { isProblemCode, problemSchema, problems } from '../../src/contract/problems.js'
import { storeModel } from '../support/stores.js'
import { testSeeds } from '../support/test-seeds.js'
import { type GeneratedRequest, type Operation, operationsOf, requestsTo } from './generated-requests.js'
import { type Answer, send } from './raw-requests.js'
import { type HostileServer, openServer } from './server.js'

const requests = Number(process.env.FUZZ_REQUESTS ?? 10_000)
const [seed] = testSeeds(1)
const atOnce = 20
const maximumResidentBytes = 600 * 1024 ** 2

/** Limited, because each upload starts a process and each job lengthens the lists. */
const weights: Record<string, number> = {
  'POST /datasets': 8,
  'POST /jobs': 40,
  'POST /models/{id}/predict': 60,
  // Generated rows rarely fit the inputs of the model.
  'GET /models/{id}/predict': 150,
}
const usualWeight = 20

let server: HostileServer

beforeAll(async () => {
  server = await openServer()
})

afterAll(() => server.close())

/** Ids of existing objects by the first part of their path. Models come first, because predictions need them. */
const existing: Record<string, string[]> = {
  jobs: [],
  models: [],
  datasets: ['xor', 'iris'],
  webhooks: [],
  problems: Object.keys(problems),
}
const mostKept = 50

function remember(answer: Answer): void {
  const [, kind, id] = (answer.headers.location ?? '').split('/')
  const known = existing[kind]
  if (known === undefined || id === undefined) return
  known.push(id)
  if (known.length > mostKept) known.shift()
}

function addressOf({ operation, path, query }: GeneratedRequest): string {
  const [, kind] = operation.path.split('/')
  const known = existing[kind] ?? []
  const filled = operation.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const value = path[name]
    if (typeof value === 'string') return value
    const isIdentifier = name === 'id' || name === 'code'
    return isIdentifier && known.length > 0 ? known[value % known.length] : String(value % 10)
  })
  const parameters = new URLSearchParams(query).toString()
  return parameters === '' ? filled : `${filled}?${parameters}`
}

function isDocumented({ responses }: Operation, status: number): boolean {
  return String(status) in responses || `${Math.floor(status / 100)}XX` in responses
}

function faultOf(request: GeneratedRequest, { status, headers, text }: Answer): string | undefined {
  // Not ready, because no worker runs.
  const isUnready = request.operation.path === '/health/ready' && status === 503
  if (status >= 500 && !isUnready) return 'a fault of ours'
  if (!isDocumented(request.operation, status)) return 'an undocumented status'
  const type = headers['content-type']?.split(';')[0]
  if (status < 400) {
    const documented = request.operation.responses[status]?.content ?? {}
    return text === '' || (type !== undefined && type in documented)
      ? undefined
      : `an undocumented type: ${type}`
  }
  if (type !== 'application/problem+json') return 'no problem'
  const { code, status: named } = problemSchema.parse(JSON.parse(text))
  if (!isProblemCode(code)) return 'an unknown code'
  return problems[code].status === status && named === status
    ? undefined
    : 'another status than the table has'
}

const counts = new Map<string, number>()
/** Operations that succeeded at least once. */
const succeeded = new Set<string>()
/**
 * Operations that cannot succeed here: there are no workers, pictures, two-class models and known delivery
 * ids. Generated rows rarely have the columns of a model, and generated streams rarely name jobs.
 */
const neverSucceeding = [
  'GET /datasets/{id}/rows/{row}/image.png',
  'GET /health/ready',
  'PATCH /models/{id}',
  'POST /webhooks/{id}/deliveries/{deliveryId}/redeliver',
]
const seldomSucceeding = ['POST /models/{id}/evaluate', 'GET /stream']

async function check(request: GeneratedRequest): Promise<void> {
  const { operation, headers, type, body } = request
  const path = addressOf(request)
  const answer = await send(server.url, { method: operation.method, path, headers, type, body }).catch(
    (error) => {
      throw new Error(`${operation.method} ${path} had no answer: ${error}`)
    },
  )
  remember(answer)
  const family = `${Math.floor(answer.status / 100)}xx`
  counts.set(family, (counts.get(family) ?? 0) + 1)
  if (answer.status < 300) succeeded.add(`${operation.method} ${operation.path}`)
  const fault = faultOf(request, answer)
  if (fault === undefined) return
  const sent =
    typeof body === 'string' ? body : body === undefined ? '' : Buffer.from(body).toString('latin1')
  throw new Error(
    `${fault}: ${operation.method} ${path}\n${JSON.stringify(headers)} ${type ?? ''}\n${sent}\n→ ${answer.status} ${answer.text}`,
  )
}

test(`${requests} generated requests are answered as documented (RANDOM_SEEDS=${seed})`, {
  timeout: requests * 30,
}, async () => {
  console.info(`RANDOM_SEEDS=${seed} FUZZ_REQUESTS=${requests}`)
  existing.models.push((await storeModel(server)).id)
  const { operations, resolve } = operationsOf(
    JSON.parse((await send(server.url, { path: '/openapi.json' })).text),
  )
  expect(operations.length).toBeGreaterThan(20)
  const request = fc.oneof(
    ...operations.map((operation) => ({
      weight: weights[`${operation.method} ${operation.path}`] ?? usualWeight,
      arbitrary: requestsTo(operation, resolve),
    })),
  )
  let largest = 0
  const together = fc.array(request, { minLength: atOnce, maxLength: atOnce })
  const result = await fc.check(
    fc.asyncProperty(together, async (all) => {
      await Promise.all(all.map(check))
      largest = Math.max(largest, server.residentBytes())
    }),
    // Existing objects differ between runs, so requests cannot be shrunk.
    { numRuns: requests / atOnce, seed, endOnFailure: true },
  )
  console.info(
    `${JSON.stringify(Object.fromEntries(counts))}, at most ${Math.round(largest / 1024 ** 2)} MiB`,
  )
  if (result.failed) throw result.errorInstance
  expect(server.hasEnded()).toBe(false)
  // Every kind of response occurred; otherwise the test tested nothing.
  const all = operations.map(({ method, path }) => `${method} ${path}`)
  const missed = all.filter((each) => !succeeded.has(each) && !seldomSucceeding.includes(each))
  expect(missed.toSorted()).toEqual(neverSucceeding.toSorted())
  expect(counts.get('2xx')).toBeGreaterThan(requests / 20)
  expect(counts.get('4xx')).toBeGreaterThan(requests / 20)
  if (process.platform === 'linux') expect(largest).toBeGreaterThan(0)
  expect(largest).toBeLessThan(maximumResidentBytes)
})
