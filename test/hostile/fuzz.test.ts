/**
 * Sends requests generated from /openapi.json to a separate process. Every response is documented, none is a 5xx, each
 * refusal is a known problem, and memory stays bounded. FUZZ_REQUESTS and RANDOM_SEEDS set their number and the seeds.
 */
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { inferenceErrorSchema } from '../../src/contract/inference.js'
import { isProblemCode, problemSchema, problems } from '../../src/contract/problems.js'
import { storeModel } from '../support/stores.js'
import { testSeeds } from '../support/test-seeds.js'
import { upTo } from '../support/watching.js'
import {
  arbitraryRequest,
  type GeneratedRequest,
  type Operation,
  readOperations,
} from './generated-requests.js'
import { type Answer, send } from './raw-requests.js'
import { type HostileServer, openServer } from './server.js'

const requests = Number(process.env.FUZZ_REQUESTS ?? 2_500)
const [seed] = testSeeds(1)
const atOnce = 20
// 10,000 requests took 537 to 591 MiB on several machines.
const maximumResidentBytes = 750 * 1024 ** 2

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
  sweeps: [],
  problems: Object.keys(problems),
  registry: [],
}
const aliases = ['champion', 'current']
/** Of each registered name; the examples of the document name the third. */
const versions = 4
const exampleModel = /mdl_0123456789abcdef0123456789abcdef/g
const mostKept = 50

function remember(answer: Answer): void {
  const [, kind, id] = (answer.headers.location ?? '').split('/')
  const known = existing[kind]
  if (known === undefined || id === undefined) return
  known.push(id)
  if (known.length > mostKept) known.shift()
}

/** The values that a parameter of this path may have. */
function existingValues(path: string, parameter: string): readonly string[] {
  const [, kind] = path.split('/')
  switch (parameter) {
    case 'id':
    case 'code':
      return existing[kind] ?? []
    case 'name':
      return path.startsWith('/v2/') && !path.includes('/versions/') ? existing.models : existing.registry
    case 'alias':
      return aliases
    case 'version':
      return upTo(versions).map(String)
    default:
      return upTo(9).map(String)
  }
}

function address({ operation, path, query }: GeneratedRequest): string {
  const filled = operation.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const value = path[name]
    if (typeof value === 'string') return value
    const values = existingValues(operation.path, name)
    return values.length > 0 ? values[value % values.length] : String(value % 10)
  })
  const parameters = new URLSearchParams(query).toString()
  return parameters === '' ? filled : `${filled}?${parameters}`
}

/** Names an existing model where the examples of the document name one that does not exist. */
function withExistingModel(body: GeneratedRequest['body']): GeneratedRequest['body'] {
  return typeof body === 'string' ? body.replaceAll(exampleModel, existing.models[0] ?? '') : body
}

/** The entity tags of aliases, which their changes must send. By address. */
const tags = new Map<string, string>()

function rememberTag(path: string, { headers }: Answer): void {
  const [target] = path.split(/\/rollback|\?/)
  if (target.includes('/aliases/') && headers.etag !== undefined) tags.set(target, headers.etag)
}

function withTag(path: string, headers: Record<string, string>): Record<string, string> {
  const tag = tags.get(path.split(/\/rollback|\?/)[0])
  return tag === undefined ? headers : { 'if-match': tag, ...headers }
}

async function put(path: string, body: object): Promise<void> {
  const headers = withTag(path, {})
  const type = 'application/json'
  const answer = await send(server.url, { method: 'PUT', path, headers, type, body: JSON.stringify(body) })
  if (answer.status >= 300) throw new Error(`PUT ${path}: ${answer.status} ${answer.text}`)
  rememberTag(path, answer)
}

/** Names with versions; some have aliases, and the others can be deleted. */
async function registerNames(): Promise<void> {
  for (const index of upTo(12)) {
    const name = `name-${index}`
    for (const _ of upTo(versions)) {
      const model = await storeModel(server)
      existing.models.push(model.id)
      await put(`/registry/${name}/versions`, { modelId: model.id })
    }
    existing.registry.push(name)
    if (index % 2 === 0) continue
    for (const version of [1, 2]) await put(`/registry/${name}/aliases/${aliases[0]}`, { version })
  }
}

function isDocumented({ responses }: Operation, status: number): boolean {
  return String(status) in responses || (status >= 400 && 'default' in responses)
}

function findFault(request: GeneratedRequest, { status, headers, text }: Answer): string | undefined {
  // Not ready, because no worker runs.
  const isUnready = request.operation.path.endsWith('/health/ready') && status === 503
  if (status >= 500 && !isUnready) return 'a fault of ours'
  if (!isDocumented(request.operation, status)) return 'an undocumented status'
  const type = headers['content-type']?.split(';')[0]
  if (status < 400) {
    const documented = request.operation.responses[status]?.content ?? {}
    return text === '' || (type !== undefined && type in documented)
      ? undefined
      : `an undocumented type: ${type}`
  }
  // An address that cannot be decoded belongs to no route, and is answered with a problem.
  if (request.operation.path.startsWith('/v2/') && type === 'application/json') {
    return inferenceErrorSchema.safeParse(JSON.parse(text)).success ? undefined : 'no error of the protocol'
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
/** Operations that cannot succeed here: there are no workers, results of trainings, pictures and known delivery ids. */
const neverSucceeding = [
  'GET /datasets/{id}/rows/{row}/image.png',
  'GET /health/ready',
  'GET /jobs/{id}/dependence',
  'GET /jobs/{id}/importance',
  'GET /jobs/{id}/rows/changed',
  'GET /jobs/{id}/rows/worst',
  'GET /models/{id}/comparison',
  'GET /v2/health/ready',
  'POST /webhooks/{id}/deliveries/{deliveryId}/redeliver',
  // The server is open, so it has no keys, and refuses the first one.
  'DELETE /admin/keys/{id}',
  'GET /admin/keys/{id}',
  'PATCH /admin/keys/{id}',
  'POST /admin/keys',
  'POST /admin/keys/batch',
  'POST /admin/keys/{id}/revoke',
  'POST /admin/keys/{id}/rotate',
  // The server is open, so there are no workshops.
  'DELETE /workshops/{id}',
  'GET /workshop',
  'GET /workshops/{id}',
  'GET /workshops/{id}/runs.csv',
  'PATCH /workshops/{id}',
  'POST /workshop/join',
  'POST /workshops',
  'POST /workshops/{id}/pause',
  'POST /workshops/{id}/reset',
  'POST /workshops/{id}/resume',
]
/**
 * Generated rows and changes rarely fit the models, generated streams rarely name jobs, and generated jobs rarely end, or
 * have repeats or test rows.
 */
const seldomSucceeding = [
  'DELETE /admin/tenants/{id}',
  'GET /admin/tenants/{id}',
  'PATCH /admin/tenants/{id}/limits',
  'POST /admin/tenants/{id}/resume',
  'POST /admin/tenants/{id}/suspend',
  'POST /admin/webhooks/{id}/disable',
  'POST /admin/webhooks/{id}/enable',
  'DELETE /jobs/{id}',
  'DELETE /jobs/{id}/share-links/{link}',
  'GET /jobs/{id}/comparison',
  'GET /jobs/{id}/difference',
  'GET /jobs/{id}/receipt',
  'GET /jobs/{id}/repeats',
  'GET /jobs/{id}/repeats/predictions',
  'POST /jobs/{id}/epochs/{epoch}/model',
  'POST /jobs/{id}/fork',
  'POST /jobs/{id}/test',
  'GET /stream',
  'PATCH /models/{id}',
  'POST /models/{id}/evaluate',
  'POST /models/{id}/retrain',
  'POST /registry/{name}/aliases/{alias}/rollback',
  'POST /v2/models/{name}/infer',
  'POST /v2/models/{name}/versions/{version}/infer',
]

async function check(request: GeneratedRequest): Promise<void> {
  const { operation, type } = request
  const body = withExistingModel(request.body)
  const path = address(request)
  const headers = withTag(path, request.headers)
  const answer = await send(server.url, { method: operation.method, path, headers, type, body }).catch(
    (error) => {
      throw new Error(`${operation.method} ${path} had no answer: ${error}`)
    },
  )
  remember(answer)
  rememberTag(path, answer)
  const family = `${Math.floor(answer.status / 100)}xx`
  counts.set(family, (counts.get(family) ?? 0) + 1)
  if (answer.status < 300) succeeded.add(`${operation.method} ${operation.path}`)
  const fault = findFault(request, answer)
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
  await registerNames()
  const { operations, resolve } = readOperations(
    JSON.parse((await send(server.url, { path: '/openapi.json' })).text),
  )
  expect(operations.length).toBeGreaterThan(20)
  const request = fc.oneof(
    ...operations.map((operation) => ({
      weight: weights[`${operation.method} ${operation.path}`] ?? usualWeight,
      arbitrary: arbitraryRequest(operation, resolve),
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
