/** The Model Context Protocol over HTTP: the SDK's client on real stores, without a worker. */
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import request from 'supertest'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { z } from 'zod'
import type { Scope } from '../../src/contract/key.js'
import { openApp, type RunningApp } from '../support/app.js'
import { keyFor } from '../support/keys.js'
import { epochsOf, linearModel, startJob, storeEpochs } from '../support/stores.js'

let service: RunningApp
let url: string

beforeAll(async () => {
  service = await openApp()
  url = await service.app.listen({ host: '127.0.0.1', port: 0 })
})

afterAll(() => service.close())

async function connect(key?: string): Promise<Client> {
  const client = new Client({ name: 'test', version: '1' })
  const headers: Record<string, string> = key === undefined ? {} : { authorization: `Bearer ${key}` }
  await client.connect(new StreamableHTTPClientTransport(new URL('/mcp', url), { requestInit: { headers } }))
  onTestFinished(() => client.close())
  return client
}

const contentSchema = z.array(z.looseObject({ type: z.string(), text: z.string().optional() }))

async function call(client: Client, name: string, given: Record<string, unknown> = {}) {
  const { content, isError = false } = await client.callTool({ name, arguments: given })
  const parts = contentSchema.parse(content)
  return { isError, parts, text: parts.map(({ text = '' }) => text).join('\n') }
}

const xor = {
  dataset: 'xor',
  network: { layers: [{ type: 'dense', units: 1, activation: 'sigmoid' }] },
  loss: 'binaryCrossentropy',
  epochs: 10,
}

describe('tools', () => {
  it('name what they do with the data', async () => {
    const { tools } = await (await connect()).listTools()
    const withHint = (hint: 'readOnlyHint' | 'destructiveHint') =>
      tools.filter(({ annotations }) => annotations?.[hint] === true).map(({ name }) => name)
    expect(withHint('destructiveHint').sort()).toEqual(
      ['cancel_job', 'cancel_sweep', 'delete_dataset', 'delete_job', 'delete_model'].sort(),
    )
    const others = tools.map(({ name }) => name).filter((name) => !withHint('readOnlyHint').includes(name))
    expect(others.sort()).toEqual(
      [...withHint('destructiveHint'), 'train', 'start_sweep', 'upload_dataset'].sort(),
    )
    const train = tools.find(({ name }) => name === 'train')
    expect(train?.inputSchema).toMatchObject({
      type: 'object',
      required: expect.arrayContaining(['dataset']),
    })
  })

  it('upload rows, describe them, and read them', async () => {
    const client = await connect()
    const uploaded = await call(client, 'upload_dataset', {
      name: 'squares',
      csv: `x,file,y\n${Array.from({ length: 12 }, (_, row) => `${row},f${row},${row * row}`).join('\n')}\n`,
    })
    expect(uploaded.isError, uploaded.text).toBe(false)
    const { id } = z.object({ id: z.string() }).parse(JSON.parse(uploaded.text))
    const described = JSON.parse((await call(client, 'get_dataset', { dataset: id })).text)
    expect(described).toMatchObject({ rows: 12, name: 'squares' })
    const rows = JSON.parse((await call(client, 'get_rows', { dataset: id, limit: 2, offset: 3 })).text)
    expect(JSON.stringify(rows)).toContain('f4')
    expect(JSON.stringify(rows)).not.toContain('f5')
    expect((await call(client, 'delete_dataset', { id })).text).toBe('Done.')
    expect((await call(client, 'get_dataset', { dataset: id })).isError).toBe(true)
  })

  it('start a training, and return it as it is when the time is over', async () => {
    const { isError, text } = await call(await connect(), 'train', { ...xor, waitSeconds: 0 })
    expect(isError, text).toBe(false)
    expect(JSON.parse(text)).toMatchObject({ object: 'job', status: 'queued', epochs: 10 })
  })

  it('leave no listeners when they wait for long', { timeout: 20_000 }, async () => {
    const warnings: Error[] = []
    const warn = (warning: Error) => void warnings.push(warning)
    process.on('warning', warn)
    onTestFinished(() => void process.off('warning', warn))
    // A poll each 250 ms. Node warns of more than ten listeners.
    const { isError, text } = await call(await connect(), 'train', { ...xor, waitSeconds: 5 })
    expect(isError, text).toBe(false)
    expect(warnings.map(({ name }) => name)).not.toContain('MaxListenersExceededWarning')
  })

  it('return a problem with its places, which the model can correct', async () => {
    const { isError, text } = await call(await connect(), 'validate_job', { ...xor, dataset: 'ds_missing' })
    expect(isError).toBe(true)
    expect(text).toMatch(/invalid-spec|not-found/)
    expect(text).toContain('/dataset')
    const malformed = await call(await connect(), 'validate_job', { ...xor, epochs: -1 })
    expect(malformed.isError).toBe(true)
    expect(malformed.text).toContain('epochs')
  })

  it('cannot leave their route', async () => {
    const { isError, text } = await call(await connect(), 'get_job', { job: '../limits' })
    expect(isError).toBe(true)
    expect(text).toContain('not-found')
  })

  it('draw the losses of a training', async () => {
    const claim = await startJob(service)
    await storeEpochs(service, claim, epochsOf([1, 2, 3]))
    const { parts, text } = await call(await connect(), 'plot_losses', { job: claim.jobId })
    expect(parts[0]).toMatchObject({ type: 'image', mimeType: 'image/png' })
    expect(String(parts[0].data)).toMatch(/^iVBORw0KGgo/)
    expect(text).toContain('Epochs 1 to 3')
  })

  it('predict, and export a small model as a file', async () => {
    const claim = await startJob(service)
    await service.runs.succeed(claim, linearModel())
    const { modelId } = z
      .object({ modelId: z.string() })
      .parse((await request(url).get(`/jobs/${claim.jobId}`)).body)
    const client = await connect()
    const predicted = await call(client, 'predict', { model: modelId, inputs: [[0, 1]] })
    expect(predicted.isError, predicted.text).toBe(false)
    expect(JSON.parse(predicted.text)).toMatchObject({ predictions: [{ output: expect.anything() }] })
    const { parts } = await call(client, 'export_model', { model: modelId, format: 'onnx' })
    expect(parts[0]).toMatchObject({ type: 'resource', resource: { blob: expect.any(String) } })
  })
})

describe('resources', () => {
  it('are documents, datasets and runs', async () => {
    const claim = await startJob(service)
    await storeEpochs(service, claim, epochsOf([1, 2]))
    const client = await connect()
    const { resources } = await client.listResources()
    const uris = resources.map(({ uri }) => uri)
    expect(uris).toEqual(
      expect.arrayContaining([
        'descent://documents/guide',
        'descent://datasets/iris',
        `descent://jobs/${claim.jobId}`,
      ]),
    )
    const read = async (uri: string) => (await client.readResource({ uri })).contents[0]
    expect(await read('descent://documents/guide')).toMatchObject({ text: '# Guide' })
    expect(await read(`descent://jobs/${claim.jobId}`)).toMatchObject({
      text: expect.stringContaining('running'),
    })
    expect(await read(`descent://jobs/${claim.jobId}/losses.png`)).toMatchObject({ mimeType: 'image/png' })
    await expect(read('descent://jobs/job_missing')).rejects.toThrow('not-found')
  })
})

it('a stream is refused, because there are no sessions', async () => {
  const answer = await request(url).get('/mcp').set('accept', 'text/event-stream')
  expect(answer.status).toBe(405)
})

describe('with keys', () => {
  const scopes: Scope[] = ['jobs:read', 'datasets:read']

  it('each tool needs the scopes of its routes, and tenants stay apart', async () => {
    const claim = await startJob(service)
    const client = await connect((await keyFor(service, 'reader', scopes)).text)
    const refused = await call(client, 'train', { ...xor, waitSeconds: 0 })
    expect(refused).toMatchObject({ isError: true })
    expect(refused.text).toContain('jobs:write')
    expect((await call(client, 'get_job', { job: claim.jobId })).text).toContain('not-found')
    expect((await call(client, 'list_datasets')).isError).toBe(false)
  })

  it('a request without a key is refused', async () => {
    await keyFor(service, 'writer', ['jobs:write'])
    const statusOf = async () => {
      const answer = await request(url).post('/mcp').send({ jsonrpc: '2.0', id: 1, method: 'ping' })
      return answer.status
    }
    // The process learns of its first key by a hint.
    await vi.waitFor(async () => expect(await statusOf()).toBe(401), { timeout: 10_000 })
  })
})
