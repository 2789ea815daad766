/** Full batches of messages of the Model Context Protocol, with the most expensive tools. */
import { type HttpRequest, json } from '../http-client.js'
import { type Attack, cancelAll, lanesPerAttack, repeated } from './attack.js'
import { type AttackFixtures, createCsv, generated, training } from './fixtures.js'

/** The most that a request may have. */
const messages = 10

interface Message {
  method: string
  params: object
}

const call = (name: string, input: object): Message => ({
  method: 'tools/call',
  params: { name, arguments: input },
})

/** The same message as many times as a batch may have. */
function batch({ method, params }: Message): HttpRequest {
  const all = Array.from({ length: messages }, (_, id) => ({ jsonrpc: '2.0', id, method, params }))
  return {
    method: 'POST',
    path: '/mcp',
    accept: 'application/json, text/event-stream',
    body: json(all),
  }
}

function expensiveMessages({ modelId, datasetId, longJobId, rowsJobId }: AttackFixtures): Message[] {
  const inputs = Array.from({ length: 1_000 }, (_, row) => [row % 7, 1])
  // Ten of these are almost a whole body.
  const csv = createCsv(0.09).toString()
  return [
    { method: 'tools/list', params: {} },
    { method: 'resources/list', params: {} },
    { method: 'resources/read', params: { uri: `descent://jobs/${longJobId}/losses.png` } },
    call('plot_losses', { job: longJobId }),
    call('diagnose_job', { job: rowsJobId }),
    call('predict', { model: modelId, inputs }),
    call('get_rows', { dataset: datasetId, limit: 100, offset: 10_000 }),
    call('list_jobs', { limit: 100 }),
    call('list_models', { limit: 100 }),
    call('validate_job', { dataset: generated }),
    call('upload_dataset', { name: 'loud', csv }),
    call('export_model', { model: modelId, format: 'javascript' }),
    call('train', { ...training([4], { dataset: generated }), waitSeconds: 45 }),
  ]
}

export const mcpAttack: Attack = {
  routes: [],
  lanes: lanesPerAttack,
  prepare: async (fixtures) => ({
    ...(await repeated((each) => expensiveMessages(each).map(batch))(fixtures)),
    end: () => cancelAll(fixtures),
  }),
}
