/** The request thread: parses large bodies, generates datasets, builds networks. */
import { parentPort } from 'node:worker_threads'
import { lowerPriority } from '../base/low-priority.js'
import { type BodyResult, parseBody } from '../bodies/body-thread.js'
import { generate, generatedRows } from '../datasets/generated.js'
import { DatasetError } from '../datasets/table.js'
import { fromNormalForm } from '../training/construct.js'
import { prepareRows } from '../training/evaluate.js'
import { ownBuffers } from './callable-thread.js'
import type { FromRequestThread, ToRequestThread } from './messages.js'

if (parentPort === null) throw new Error('request.thread.ts runs in a worker thread only')
const port = parentPort
lowerPriority()

port.on('message', async (message: ToRequestThread) => {
  const { callId } = message
  try {
    send(await answer(message))
  } catch (error) {
    port.postMessage({ type: 'failed', callId, message: String(error) })
  }
})

async function answer(message: ToRequestThread): Promise<FromRequestThread> {
  const { callId } = message
  switch (message.type) {
    case 'body':
      return { type: 'body', callId, answer: parseBody(message.body) }
    case 'describe': {
      const { columns, rows } = generate(message.dataset)
      return { type: 'described', callId, columns, rows }
    }
    case 'rows':
      return { type: 'rows', callId, rows: generatedRows(message.dataset, message.numbers) }
    case 'construct':
      return { type: 'constructed', callId, network: fromNormalForm(message.form) }
    case 'prepare':
      return { type: 'prepared', callId, outcome: await prepared(message) }
    default:
      return message satisfies never
  }
}

type Prepare = Extract<ToRequestThread, { type: 'prepare' }>
type Prepared = Extract<FromRequestThread, { type: 'prepared' }>['outcome']

async function prepared({ rows, preparation }: Pick<Prepare, 'rows' | 'preparation'>): Promise<Prepared> {
  try {
    return await prepareRows(rows, preparation)
  } catch (error) {
    if (!(error instanceof DatasetError)) throw error
    return { refused: error.code, message: error.message }
  }
}

function send(message: FromRequestThread): void {
  port.postMessage(message, ownBuffers(listChunks(message)))
}

function listChunks(message: FromRequestThread): (Uint8Array | Float64Array)[] {
  switch (message.type) {
    case 'body':
      return listBodyChunks(message.answer)
    case 'constructed':
      return [message.network.weights]
    case 'prepared':
      return 'table' in message.outcome ? message.outcome.table.chunks : []
    default:
      return []
  }
}

function listBodyChunks(answer: BodyResult): (Uint8Array | Float64Array)[] {
  switch (answer.type) {
    case 'read':
      return answer.table?.chunks ?? []
    case 'numberRows':
      return [answer.rows.numbers]
    case 'inference':
      return [...answer.numbers.values()]
    case 'refused':
      return []
    default:
      return answer satisfies never
  }
}
