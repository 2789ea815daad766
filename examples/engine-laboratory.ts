/** Trains demonstrations in this thread, without a service: for many seeds and attacks on claims. */
import { finalTraining } from '../src/contract/folds.js'
import { jobRequestSchema } from '../src/contract/job-request.js'
import { builtIn } from '../src/datasets/built-ins.js'
import type { Table } from '../src/datasets/table.js'
import { compile, Dataset, type Epoch, Predictor, readEpochs, train } from '../src/engine/index.js'
import { unlimited } from '../src/store/tenant-limits.js'
import { unpackWeights } from '../src/threads/packed-weights.js'
import { fromNormalForm } from '../src/training/construct.js'
import { GeneratedData } from '../src/training/generated-data.js'
import { type Plan, planTraining } from '../src/training/plan.js'
import { dataShape } from '../workers/compile-training.js'
import { encodeRows } from '../workers/encode-rows.js'
import type { LectureJob } from './lecture/job.js'
import type { Laboratory, Network } from './lecture/laboratory.js'

const missing = async () => null
const unavailable = async () => {
  throw new Error('the engine alone has no request thread')
}
const noThread = {
  describe: unavailable,
  rows: unavailable,
  construct: unavailable,
  prepare: unavailable,
}
const tenanted = <T>(stores: T) => ({ of: () => stores })

/** Plans, encodes and trains as a worker does. */
export const engineLaboratory: Laboratory = {
  async train(job: LectureJob) {
    const { data, spec } = await planTraining(
      {
        models: tenanted({ get: missing, tensors: missing }),
        datasets: tenanted({ get: missing }),
        generated: new GeneratedData(noThread),
        maximumThreads: 1,
      },
      { tenantId: 'local', limits: { settings: unlimited, own: {} } },
      jobRequestSchema.parse({ seed: 1, ...job }),
    )
    const tables = { training: await readTable(data), validation: null }
    const { handle, coding } = encodeRows(spec, { type: 'raw', ...tables, image: null, inheritance: null })
    const dataset = Dataset.attach(handle)
    const program = compile(finalTraining(spec), dataShape(spec, dataset.size, coding))
    const training = train(program, dataset, { backend: 'auto', seed: spec.seed })
    const epochs: Epoch[] = []
    let state = 'running'
    while (state === 'running') {
      const slice = training.run()
      state = slice.state
      epochs.push(...readEpochs(slice.epochs))
    }
    const weights = training.weights()
    training.dispose()
    const parameters = [...weights.values()].reduce((sum, { values }) => sum + values.length, 0)
    const predictor = () => new Predictor(program.network, weights, { backend: 'auto' })
    return {
      ...predicting(parameters, predictor),
      epochs: epochs.map((epoch) => ({ ...epoch, seconds: null })),
    }
  },
  async construct(inputs, trueRows) {
    const { network, parameters, tensors, weights } = fromNormalForm({ inputs, trueRows: [...trueRows] })
    return predicting(
      parameters,
      () => new Predictor(network, unpackWeights({ tensors, bytes: weights }), { backend: 'auto' }),
    )
  },
}

function predicting(parameters: number, predictor: () => Predictor): Network {
  return {
    parameters,
    async predict(inputs) {
      const values = predictor().predict(Float32Array.from(inputs.flat()))
      const outputs = values.length / inputs.length
      return inputs.map((_, row) => [...values.subarray(row * outputs, (row + 1) * outputs)])
    },
  }
}

async function readTable({ name, inline, columns, rows }: Plan['data']): Promise<Table> {
  if (inline === null) {
    const table = builtIn(name)
    if (table === undefined) throw new Error('the engine alone has no uploads')
    return table
  }
  const chunks: Uint8Array[] = []
  for await (const piece of inline.pieces) if (piece.type === 'rows') chunks.push(piece.bytes)
  return { columns, rows, chunks }
}
