/** A job request trained by the engine in this thread, up to what the service would store of it. */
import type { z } from 'zod'
import { inputWidth } from '../../src/contract/dataset.js'
import type { Epoch } from '../../src/contract/epoch.js'
import { finalTraining } from '../../src/contract/folds.js'
import { jobRequestSchema } from '../../src/contract/job-request.js'
import { builtIn } from '../../src/datasets/built-ins.js'
import type { Table } from '../../src/datasets/table.js'
import { compile, Dataset, readEpochs, type TrainingState, train } from '../../src/engine/index.js'
import { evenlySpaced } from '../../src/store/epochs.js'
import { unlimited } from '../../src/store/tenant-limits.js'
import { diagnosedEpochs } from '../../src/training/diagnose-job.js'
import type { DataFacts, StoredTraining } from '../../src/training/diagnosis/training-record.js'
import { type Plan, planTraining } from '../../src/training/plan.js'
import { dataShape } from '../../workers/compile-training.js'
import { encodeRows } from '../../workers/encode-rows.js'
import { evaluate } from '../../workers/evaluate-model.js'
import { generated } from './generated.js'
import type { Stored } from './prepared.js'

export type RequestInput = z.input<typeof jobRequestSchema>
/** Uploads by id. */
export type Uploads = Readonly<Record<string, Stored>>

const missing = async () => {
  throw new Error('this training starts from no model')
}

/** @throws Problem if POST /jobs would refuse the request */
export async function planRequest(request: RequestInput, uploads: Uploads = {}): Promise<Plan> {
  const datasets = {
    async get(id: string) {
      const found = uploads[id]
      if (found === undefined) return null
      const { columns, rows, droppedRows, warnings, image } = found
      return {
        ...{ id, object: 'dataset' as const, name: null, origin: 'uploaded' as const, rows, columns, image },
        ...{
          target: null,
          classes: null,
          inputShape: found.inputShape ?? [inputWidth(columns)],
          droppedRows,
        },
        ...{ scaling: 'standardize' as const, warnings, bytes: 0, sha256: null, createdAt: null },
      }
    },
  }
  const models = { get: missing, tensors: missing }
  const tenanted = <T>(stores: T) => ({ of: () => stores })
  return planTraining(
    { models: tenanted(models), datasets: tenanted(datasets), generated, maximumThreads: 1 },
    { tenantId: 'local', limits: { settings: unlimited, own: {} } },
    jobRequestSchema.parse({ seed: 1, ...request }),
  )
}

async function tableOf(data: Plan['data'], uploads: Uploads): Promise<Table> {
  const { name, inline, columns, rows } = data
  if (inline !== null) {
    const chunks: Uint8Array[] = []
    for await (const piece of inline.pieces) if (piece.type === 'rows') chunks.push(piece.bytes)
    return { columns, rows, chunks }
  }
  const table = builtIn(name) ?? (typeof name === 'string' ? uploads[name] : undefined)
  if (table === undefined) throw new Error(`there is no dataset ${String(name)}`)
  return table
}

export interface EngineTraining extends StoredTraining {
  /** Of the epoch whose weights the model has. */
  metrics: Epoch
}

/** @throws Problem if POST /jobs would refuse the request */
export async function trainRequest(request: RequestInput, uploads: Uploads = {}): Promise<EngineTraining> {
  const { data, validation, spec } = await planRequest(request, uploads)
  const tables = {
    training: await tableOf(data, uploads),
    validation: validation === null ? null : await tableOf(validation, uploads),
  }
  const raw = { type: 'raw' as const, ...tables, image: data.image, inheritance: null }
  const { handle, coding } = encodeRows(spec, raw)
  const dataset = Dataset.attach(handle)
  const program = compile(finalTraining(spec), dataShape(spec, dataset.size, coding))
  const training = train(program, dataset, { backend: 'auto', seed: spec.seed })
  const observed = spec.watch === undefined ? null : training.observed({ ignoreTime: true })
  const epochs: Epoch[] = []
  let state: TrainingState = 'running'
  while (state === 'running') {
    const slice = (observed ?? training).run()
    state = slice.state
    epochs.push(...readEpochs(slice.epochs).map((epoch) => ({ ...epoch, seconds: null })))
  }
  const hasDiverged = state === 'diverged'
  const examination = { network: program.network, loss: spec.loss, dataset, coding, stop: new Int32Array(1) }
  const evaluation = hasDiverged ? null : evaluate({ ...examination, predictor: training.predictor() })
  const metrics = epochs[(training.bestEpoch ?? epochs.length) - 1]
  const statistics = observed?.takeStatistics() ?? []
  training.dispose()
  return {
    ...{
      spec,
      epochs,
      statistics,
      plannedEpochs: spec.epochs,
      hasEnded: true,
      hasDiverged,
      evaluation,
      metrics,
    },
    data: factsOf(data, uploads),
    validation: validation === null ? null : factsOf(validation, uploads),
  }
}

function factsOf({ columns, rows, name }: Plan['data'], uploads: Uploads): DataFacts {
  return { columns, rows, warnings: typeof name === 'string' ? (uploads[name]?.warnings ?? []) : [] }
}

/** What was stored after the first epochs of the training, thinned as the diagnosis reads it. */
export function upTo({ metrics: _, ...stored }: EngineTraining, epoch: number): StoredTraining {
  const last = Math.min(epoch, stored.epochs.length)
  const epochs = evenlySpaced(last, diagnosedEpochs).map((number) => stored.epochs[number - 1])
  const statistics = stored.statistics.filter((each) => each.epoch <= last)
  if (last === stored.epochs.length) return { ...stored, epochs, statistics }
  return { ...stored, epochs, statistics, hasEnded: false, hasDiverged: false, evaluation: null }
}
