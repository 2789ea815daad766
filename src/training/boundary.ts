/** The boundary of a job's network: during the training from weight snapshots, after it from the model. */
import {
  type Boundary,
  type BoundaryAxis,
  maximumBoundaryOperations,
  maximumFrameParameters,
} from '../contract/boundary.js'
import type { Coding, Column } from '../contract/dataset.js'
import type { Job } from '../contract/job.js'
import { Problem, pointerTo } from '../contract/problems.js'
import { builtIn } from '../datasets/built-ins.js'
import { predictionCost } from '../engine/index.js'
import type { GeneratedReader } from './generated-data.js'
import type { BoundaryGrid, BoundaryReader, BoundaryView } from './ports/boundaries.js'
import type { DatasetStore } from './ports/datasets.js'
import type { JobStore } from './ports/jobs.js'
import type { AllModels } from './ports/models.js'
import type { BoundaryRequest, ModelBoundaryRequest } from './ports/predictor-pool.js'
import type { SnapshotStore } from './ports/snapshots.js'

/** The margin on each side of the data, relative to their range. */
const margin = 0.25
/** Frames that are read and drawn together. Few, so that epochs do not wait long. */
const framesPerRead = 4

interface AxesDependencies {
  jobs: Pick<JobStore, 'get'>
  datasets: Pick<DatasetStore, 'get'>
  generated: Pick<GeneratedReader, 'describe'>
}

/**
 * @param size points along each axis
 * @throws Problem `not-found`, `invalid-request` if the features are not one or two numbers, or `budget-exceeded`
 */
export async function boundaryAxes(
  { jobs, datasets, generated }: AxesDependencies,
  jobId: string,
  size: number,
): Promise<BoundaryAxis[]> {
  const job = await jobs.get(jobId)
  if (job === null) throw new Problem('not-found', `There is no job ${jobId}.`)
  const columns = await readColumns({ datasets, generated }, job.spec.dataset)
  const axes = columns
    .filter(({ role, name }) => role === 'feature' && name !== job.spec.sampleWeight)
    .map(({ name, min, max }) => (min === undefined || max === undefined ? null : around(name, min, max)))
  const numeric = axes.filter((axis) => axis !== null)
  if (numeric.length === axes.length && numeric.length >= 1 && numeric.length <= 2) {
    checkWork(job.spec, size ** numeric.length)
    return numeric
  }
  const message = `a boundary is drawn over one or two columns of numbers; this dataset has ${axes.length} features`
  const pointer = pointerTo(['boundary'])
  throw new Problem('invalid-request', `${pointer}: ${message}`, [{ pointer, message }])
}

/** @throws Problem `budget-exceeded` */
function checkWork({ network }: Job['spec'], points: number): void {
  const flops = predictionCost(network).flops(points)
  if (flops <= maximumBoundaryOperations) return
  const [work, limit] = [flops, maximumBoundaryOperations].map((operations) => operations.toPrecision(2))
  const pointer = pointerTo(['boundary'])
  const message =
    `predictions of ${points} points need ${work} operations; the limit is ${limit} ` +
    '(maximumBoundaryOperations): use fewer points'
  throw new Problem('budget-exceeded', `${pointer}: ${message}`, [{ pointer, message }])
}

async function readColumns(
  { datasets, generated }: Omit<AxesDependencies, 'jobs'>,
  dataset: Job['spec']['dataset'],
): Promise<Column[]> {
  if (typeof dataset !== 'string') return (await generated.describe(dataset)).columns
  return (builtIn(dataset) ?? (await datasets.get(dataset)))?.columns ?? []
}

function around(column: string, min: number, max: number): BoundaryAxis {
  const padding = margin * (max - min) || 1
  return { column, min: min - padding, max: max + padding }
}

/** A frame without what the view has. */
type Undrawn<Request> = Omit<Request, keyof BoundaryGrid | 'tenantId'>

/** Maximum bytes of weights that are read for each frame. The thread that draws keeps larger weights. */
const largestRead = 1024 * 1024

interface BoundaryDependencies {
  models: Pick<AllModels, 'get' | 'weights'>
  snapshots: SnapshotStore
}

export function boundaryReader({ models, snapshots }: BoundaryDependencies): BoundaryReader {
  async function drawFrames(
    { tenantId, grid, hasWeights, predictors }: BoundaryView,
    epoch: number,
    request: Undrawn<BoundaryRequest> | Undrawn<ModelBoundaryRequest>,
  ) {
    // A stream can omit frames, so an error of one is ignored.
    const boundary = await predictors.drawBoundary({ ...request, ...grid, tenantId }).catch(() => null)
    const weights = hasWeights && 'weights' in request ? frameWeights(request) : undefined
    return boundary === null ? [] : [{ type: 'boundary' as const, epoch, ...grid, ...boundary, weights }]
  }

  /** The last frame comes from the model, because early stopping may restore the best weights. */
  async function lastFrame(view: BoundaryView, { modelId, epoch }: Job): Promise<Boundary[]> {
    if (modelId === null) return []
    const model = await models.get(modelId)
    if (model === null) return []
    if (model.weightBytes > largestRead) return drawFrames(view, epoch, { model })
    const weights = await models.weights(modelId)
    if (weights === null) return []
    return drawFrames(view, epoch, { network: model.network, weights, coding: model.coding })
  }

  return {
    async readAfter(job, after, view) {
      const { taken, coding, tensors } = await snapshots.read(job.id, after, framesPerRead)
      const last = taken.at(-1)
      if (last === undefined) {
        const isWhole = job.modelId === null || after >= job.epoch
        return { frames: isWhole ? [] : await lastFrame(view, job), position: isWhole ? after : job.epoch }
      }
      const frames: Boundary[] = []
      const { network } = job.spec
      for (const { epoch, bytes } of taken) {
        if (job.modelId !== null && epoch >= job.epoch) frames.push(...(await lastFrame(view, job)))
        else frames.push(...(await drawFrames(view, epoch, { network, weights: { tensors, bytes }, coding })))
      }
      return { frames, position: last.epoch }
    },
  }
}

/** Undefined for a large network. */
function frameWeights({ coding, weights }: Pick<BoundaryRequest, 'coding' | 'weights'>): Boundary['weights'] {
  const { tensors, bytes } = weights
  if (bytes.byteLength > Float32Array.BYTES_PER_ELEMENT * maximumFrameParameters) return undefined
  return {
    inputs: readingRules(coding),
    ...derivedRules(coding),
    tensors,
    values: Buffer.from(bytes).toString('base64'),
  }
}

function derivedRules({ features, derived }: Coding): Pick<NonNullable<Boundary['weights']>, 'derived'> {
  if (derived === undefined) return {}
  const names = features.map(({ name }) => name)
  return {
    derived: derived.map(({ of, ...rest }) => ({ ...rest, of: of.map((name) => names.indexOf(name)) })),
  }
}

/** A boundary is drawn over numbers only. */
const readingRules = ({ features }: Coding) =>
  features.flatMap((feature) =>
    feature.type === 'number' ? [{ offset: feature.offset, scale: feature.scale }] : [],
  )
