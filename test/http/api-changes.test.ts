/** A change of the API that breaks its clients needs a version that says so. */
import { readdirSync, readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { openapiDocument } from '../../src/http/openapi.js'
import { findBreakingChanges, mayBreak } from '../support/api-changes.js'

const folder = 'test/fixtures/releases'
const recorded = readdirSync(folder).filter((name) => name.endsWith('.openapi.json.gz'))
const versionOf = (name: string) => name.replace('.openapi.json.gz', '')
const byVersion = (one: string, other: string) => one.localeCompare(other, 'en', { numeric: true })
const latest = recorded.map(versionOf).toSorted(byVersion).at(-1) ?? ''

const advice =
  'Raise the version in package.json and src/contract/release.ts, or keep what clients use. ' +
  `If ${latest} was never published, record its document again as ${folder}/README.md describes.`

it(`the API keeps what clients of ${latest} use, unless its version says otherwise`, async () => {
  const before: unknown = JSON.parse(
    gunzipSync(readFileSync(`${folder}/${latest}.openapi.json.gz`)).toString(),
  )
  const after = await openapiDocument()
  const { info } = z.object({ info: z.object({ version: z.string() }) }).parse(after)
  const changes = mayBreak(latest, info.version) ? [] : findBreakingChanges(before, after)
  expect(changes, advice).toEqual([])
})

it('a field that is removed from the document of the API is found', async () => {
  const text = JSON.stringify(await openapiDocument())
  const fewer = JSON.parse(text)
  delete fewer.components.schemas.Metrics.properties.valLoss
  expect(findBreakingChanges(JSON.parse(text), fewer)).toContain(
    'POST /jobs 200.metrics.valLoss: was removed',
  )
})

describe('a version', () => {
  it.each([
    ['0.1.0', '0.1.1', false],
    ['0.1.0', '0.2.0', true],
    ['0.9.0', '0.10.0', true],
    ['0.2.0', '1.0.0', true],
    ['1.2.0', '1.3.0', false],
    ['1.2.0', '2.0.0', true],
    ['0.2.0', '0.1.0', false],
  ])('after %s, %s may break clients: %s', (before, after, expected) => {
    expect(mayBreak(before, after)).toBe(expected)
  })
})

const response = (schema: object) => ({ content: { 'application/json': { schema } } })
const reference = (name: string) => ({ $ref: `#/components/schemas/${name}` })

/** A document with a route of each kind of schema. */
const small = () => ({
  info: { version: '0.1.0' },
  paths: {
    '/jobs': {
      post: {
        operationId: 'createJob',
        parameters: [{ name: 'limit', in: 'query', schema: { type: 'integer', minimum: 1, maximum: 100 } }],
        requestBody: { required: true, ...response(reference('JobRequest')) },
        responses: { 202: response(reference('Job')) },
      },
      get: { operationId: 'listJobs', security: [], responses: { 200: response(reference('Job')) } },
    },
  },
  webhooks: {
    jobEnded: {
      post: { operationId: 'jobEnded', requestBody: response(reference('Ended')), responses: { '2XX': {} } },
    },
  },
  components: {
    schemas: {
      Job: {
        type: 'object',
        properties: {
          id: { type: 'string' },
          status: { type: 'string', enum: ['queued', 'running'] },
          loss: { anyOf: [{ type: 'number' }, { type: 'null' }] },
          epoch: { type: 'integer' },
          layers: { type: 'array', items: reference('Layer') },
        },
        required: ['id', 'status', 'loss', 'epoch', 'layers'],
      },
      JobRequest: {
        type: 'object',
        properties: {
          dataset: { anyOf: [{ type: 'string', maxLength: 100 }, reference('Rows')] },
          loss: { type: 'string', enum: ['huber', 'hinge'] },
          layers: { type: 'array', items: reference('Layer'), maxItems: 8 },
        },
        required: ['dataset'],
        additionalProperties: false,
      },
      Rows: {
        type: 'object',
        properties: { x: { type: 'array', items: { type: 'number' } } },
        required: ['x'],
      },
      Layer: {
        oneOf: [reference('Dense'), reference('Pooling')],
        discriminator: { propertyName: 'type', mapping: {} },
      },
      Dense: {
        type: 'object',
        properties: { type: { type: 'string', const: 'dense' }, units: { type: 'integer' } },
        required: ['type', 'units'],
      },
      Pooling: {
        type: 'object',
        properties: { type: { type: 'string', enum: ['max', 'average'] } },
        required: ['type'],
      },
      Ended: { type: 'object', properties: { jobId: { type: 'string' } }, required: ['jobId'] },
    },
  },
})

/** Replaces or removes a member of the document at a path, whose parts are separated by `>`. */
function changed(path: string, value: unknown): unknown {
  const parts = path.split('>')
  const last = parts.pop() ?? ''
  const document: object = small()
  const parent = parts.reduce<object>((at, part) => Object(Reflect.get(at, part)), document)
  if (value === undefined) Reflect.deleteProperty(parent, last)
  else Reflect.set(parent, last, value)
  return document
}

const job = 'components>schemas>Job>properties'
const request = 'components>schemas>JobRequest>properties'
const post = 'paths>/jobs>post'

describe('a change that breaks clients', () => {
  it.each<[string, unknown, string]>([
    ['paths>/jobs>get', undefined, 'GET /jobs: was removed'],
    [`${post}>operationId`, 'startJob', 'POST /jobs: operationId is now startJob, not createJob'],
    ['paths>/jobs>get>security', undefined, 'GET /jobs: a key is now required'],
    [`${post}>parameters`, [], 'POST /jobs query limit: was removed'],
    [`${post}>parameters>0>required`, true, 'POST /jobs query limit: is now required'],
    [`${post}>parameters>0>schema>maximum`, 50, 'POST /jobs query limit: maximum is now 50'],
    [
      `${post}>parameters>1`,
      { name: 'mode', in: 'query', required: true, schema: {} },
      'POST /jobs query mode: is new and required',
    ],
    [`${post}>responses>202`, undefined, 'POST /jobs 202: was removed'],
    [`${post}>responses>202>content`, {}, 'POST /jobs 202: application/json was removed'],
    [`${job}>epoch`, undefined, 'POST /jobs 202.epoch: was removed'],
    [`${job}>epoch>type`, 'string', 'POST /jobs 202.epoch: may now be string'],
    [`${job}>epoch>type`, ['integer', 'null'], 'POST /jobs 202.epoch: may now be null'],
    [`${job}>epoch>type`, 'number', 'POST /jobs 202.epoch: may now be number'],
    [`${job}>status>enum`, undefined, 'POST /jobs 202.status: is no longer an enumeration'],
    [
      'components>schemas>Job>required',
      ['id', 'status', 'loss', 'layers'],
      'POST /jobs 202.epoch: may now be absent',
    ],
    [`${request}>loss>enum`, ['huber'], 'POST /jobs body.loss: "hinge" is no longer accepted'],
    [`${request}>loss>type`, 'integer', 'POST /jobs body.loss: string is no longer accepted'],
    [`${request}>loss`, undefined, 'POST /jobs body.loss: was removed'],
    [`${request}>layers>maxItems`, 4, 'POST /jobs body.layers: maxItems is now 4'],
    [`${request}>dataset`, reference('Rows'), 'POST /jobs body.dataset: string is no longer accepted'],
    ['components>schemas>JobRequest>required', ['dataset', 'loss'], 'POST /jobs body.loss: is now required'],
    [
      'components>schemas>Rows>properties>x>items>minimum',
      0,
      'POST /jobs body.dataset.x[]: minimum is now 0',
    ],
    [
      'components>schemas>Rows>additionalProperties',
      false,
      'POST /jobs body.dataset: other fields are no longer accepted',
    ],
    [
      'components>schemas>Pooling>properties>type>enum',
      ['max'],
      'POST /jobs body.layers[]: the option type average was removed',
    ],
    ['components>schemas>Ended>required', [], 'POST jobEnded body.jobId: may now be absent'],
  ])('is found: %s = %j', (path, value, expected) => {
    expect(findBreakingChanges(small(), changed(path, value))).toContain(expected)
  })

  it('is a renamed schema, because generated clients have types of its name', () => {
    const text = JSON.stringify(small()).replaceAll('Rows', 'InlineRows')
    expect(findBreakingChanges(small(), JSON.parse(text))).toEqual([
      'components: the schema Rows was removed',
    ])
  })
})

describe('a change that breaks no client', () => {
  it.each<[string, unknown]>([
    ['paths>/models', { get: { operationId: 'listModels', responses: {} } }],
    [`${post}>parameters>1`, { name: 'mode', in: 'query', schema: {} }],
    [`${post}>parameters>0>schema>maximum`, 200],
    [`${post}>requestBody>required`, false],
    [`${job}>seed`, { type: 'integer' }],
    [`${job}>status>enum`, ['queued', 'running', 'paused']],
    [`${job}>loss>anyOf`, [{ type: 'number' }]],
    [`${request}>loss>enum`, ['huber', 'hinge', 'perceptron']],
    [`${request}>seed`, { type: 'integer' }],
    [`${request}>loss`, { type: 'string' }],
    ['components>schemas>JobRequest>required', []],
    [
      'components>schemas>Layer>oneOf>2',
      { type: 'object', properties: { type: { const: 'flatten' } }, required: ['type'] },
    ],
  ])('is not reported: %s = %j', (path, value) => {
    expect(findBreakingChanges(small(), changed(path, value))).toEqual([])
  })
})
