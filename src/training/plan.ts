/** What a job would be: checks that the training can work and fits the limits, before anything is stored. */
import { randomInt } from 'node:crypto'
import {
  type Column,
  type GeneratedDataset,
  inputWidth,
  type Scaling,
  targetOf,
} from '../contract/dataset.js'
import { idPrefixes } from '../contract/ids.js'
import type { InlineDataset, JobRequest, JobSpec } from '../contract/job.js'
import { allowance, allowed, type TenantLimits } from '../contract/limits.js'
import { optimizerSchema, type TrainingSpec } from '../contract/network.js'
import { Problem } from '../contract/problems.js'
import { type BuiltIn, builtIn, builtInNames } from '../datasets/built-ins.js'
import { checkValidationColumns } from '../datasets/compatibility.js'
import { tableFromInline } from '../datasets/inline.js'
import { piecesOf } from '../datasets/prepare.js'
import { DatasetError, type Table } from '../datasets/table.js'
import { targetCoding, targetWidth } from '../datasets/target-coding.js'
import {
  checkWeights,
  compile,
  outputShape,
  type Program,
  SpecError,
  sizeOf,
  splitSizes,
} from '../engine/index.js'
import { newId } from './new-id.js'
import type { DatasetStore, ModelStore, NewDataset, Tenant, Tenanted } from './ports.js'

export interface PlanDependencies {
  models: Tenanted<Pick<ModelStore, 'tensors'>>
  datasets: Tenanted<Pick<DatasetStore, 'get'>>
  /** Of one training; cores of this machine, rather than a tenant's share. */
  maximumThreads: number
}

export interface Plan {
  /** As accepted, defaults filled in. */
  spec: JobSpec
  program: Program
  data: DataDescription
  validation: DataDescription | null
}

/** Throws Problem for whatever cannot work. */
export async function planTraining(
  dependencies: PlanDependencies,
  { tenantId, limits }: Tenant,
  request: JobRequest,
): Promise<Plan> {
  const datasets = dependencies.datasets.of(tenantId)
  const data = await findData(datasets, request.dataset, 'dataset')
  const validation = await findValidation(datasets, request, data)
  const { spec, program } = plan(resolveRequest(request), data, validation)
  checkThreads(spec, dependencies.maximumThreads)
  checkLimits(program, spec, limits)
  if (request.from !== undefined) await checkModel(dependencies.models.of(tenantId), request.from, program)
  return { spec, program, data, validation }
}

/** A request in which everything is chosen. */
type ResolvedRequest = Omit<JobRequest, 'network' | 'earlyStopping'> &
  Pick<TrainingSpec, 'network' | 'loss' | 'optimizer' | 'epochs' | 'earlyStopping'> & {
    validationSplit: number
  }

function resolveRequest(request: JobRequest): ResolvedRequest {
  const { network, loss, epochs, optimizer = optimizerSchema.parse({ type: 'adam' }) } = request
  if (network === 'auto' || loss === undefined || epochs === undefined) {
    throw new Problem('invalid-spec', 'network "auto" is not chosen yet')
  }
  const { earlyStopping, validationSplit = 0, ...rest } = request
  const resolved = { ...rest, network, loss, epochs, optimizer, validationSplit }
  return earlyStopping == null ? resolved : { ...resolved, earlyStopping }
}

interface DataDescription {
  /** As the spec names it. */
  name: string | GeneratedDataset
  columns: Column[]
  rows: number
  datasetId: string | null
  inputShape: number[]
  scaling: Scaling
  inline: NewDataset | null
}

/** `field` is the place of the dataset in the request. */
async function findData(
  datasets: Pick<DatasetStore, 'get'>,
  dataset: string | InlineDataset | GeneratedDataset,
  field: string,
): Promise<DataDescription> {
  if (typeof dataset !== 'string') {
    return 'x' in dataset ? inlineData(dataset) : builtInData(dataset, builtIn(dataset))
  }
  const table = builtIn(dataset)
  if (table !== undefined) return builtInData(dataset, table)
  const stored = await datasets.get(dataset)
  if (stored !== null) return { ...stored, name: stored.id, datasetId: stored.id, inline: null }
  const names = builtInNames.join(', ')
  const message = `There is no dataset "${dataset}": the built-ins are ${names}, uploads begin with ${idPrefixes.dataset}`
  throw new Problem('invalid-spec', message, [{ pointer: `/${field}`, message: 'does not exist' }])
}

function inlineData(dataset: InlineDataset): DataDescription {
  const table = readInline(dataset)
  const { columns, rows } = table
  const id = newId('dataset')
  const scaling = 'none'
  const inline: NewDataset = { id, name: null, origin: 'inline', scaling, pieces: piecesOf(table) }
  return { name: id, columns, rows, datasetId: id, inputShape: [inputWidth(columns)], scaling, inline }
}

function builtInData(name: DataDescription['name'], { columns, rows, scaling }: BuiltIn): DataDescription {
  return { name, columns, rows, datasetId: null, inputShape: [inputWidth(columns)], scaling, inline: null }
}

async function findValidation(
  datasets: Pick<DatasetStore, 'get'>,
  { validationDataset, validationSplit = 0 }: JobRequest,
  training: DataDescription,
): Promise<DataDescription | null> {
  if (validationDataset === undefined) return null
  const pointer = '/validationDataset'
  if (validationSplit > 0) {
    throw new Problem(
      'invalid-spec',
      'Rows are validated by validationSplit or by validationDataset, not by both.',
      [{ pointer, message: 'goes without validationSplit' }],
    )
  }
  const data = await findData(datasets, validationDataset, 'validationDataset')
  try {
    checkValidationColumns(training.columns, data.columns)
  } catch (error) {
    if (!(error instanceof DatasetError)) throw error
    throw new Problem('invalid-spec', error.message, [{ pointer, message: error.message }])
  }
  return data
}

function readInline(dataset: InlineDataset): Table {
  try {
    return tableFromInline(dataset)
  } catch (error) {
    if (!(error instanceof DatasetError)) throw error
    const pointer = `/dataset${error.pointer ?? ''}`
    throw new Problem(error.code, error.message, [{ pointer, message: error.message }])
  }
}

function plan(request: ResolvedRequest, data: DataDescription, validation: DataDescription | null) {
  const {
    name,
    metadata,
    dataset,
    validationDataset,
    priority,
    split: splitRule = 'random',
    scaling = data.scaling,
    targetScaling = 'none',
    ...rest
  } = request
  const training = { ...rest, seed: rest.seed ?? randomInt(2 ** 48 - 1) }
  const inputShape = training.network.inputShape ?? data.inputShape
  try {
    checkInputShape(inputShape, inputWidth(data.columns))
    const outputs = sizeOf(outputShape(training.network, inputShape))
    const coding = targetCoding(data, { outputs, loss: training.loss })
    const split = splitSizes(data.rows, training.validationSplit)
    const program = compile(training, {
      inputShape,
      targetWidth: targetWidth(coding),
      trainingRows: split.training,
      validationRows: validation?.rows ?? split.validation,
      classTargets: coding.type === 'oneHot' || coding.type === 'binary',
    })
    const spec: JobSpec = {
      ...training,
      ...program.spec,
      seed: training.seed,
      split: splitRule,
      scaling,
      targetScaling,
      dataset: data.name,
      ...(validation === null ? {} : { validationDataset: validation.name }),
    }
    return { spec, program }
  } catch (error) {
    if (error instanceof DatasetError) {
      // One class only is the data's fault; where they merely disagree, the network is easier to change.
      const tellsApart = targetOf(data.columns).classes?.length !== 1
      const pointer = tellsApart ? `/network/layers/${training.network.layers.length - 1}` : '/dataset'
      throw new Problem('invalid-spec', error.message, [{ pointer, message: error.message }])
    }
    throw specProblem(error)
  }
}

function checkInputShape(inputShape: number[], features: number): void {
  const size = sizeOf(inputShape)
  if (size !== features) {
    const message = `inputShape [${inputShape.join(', ')}] holds ${size} numbers, a row of the dataset gives ${features}`
    throw new SpecError('/network/inputShape', message)
  }
}

type Costs = Pick<Program, 'arenaBytes' | 'threadBytes' | 'flopsPerEpoch'>

/** Bytes a training takes beside its data: its arena, and what its threads work in. */
export function memoryOf({ arenaBytes, threadBytes }: Costs, { threads }: JobSpec): number {
  return arenaBytes + threads * threadBytes
}

function checkThreads({ threads }: JobSpec, maximum: number): void {
  if (threads <= maximum) return
  const message = `This training wants ${threads} threads; ${maximum} ${maximum === 1 ? 'is' : 'are'} allowed (MAXIMUM_THREADS).`
  throw new Problem('budget-exceeded', message, [{ pointer: '/threads', message }])
}

function checkLimits(program: Costs, spec: JobSpec, limits: TenantLimits): void {
  const bytes = memoryOf(program, spec)
  if (bytes > allowed(limits, 'arenaBytes')) {
    throw new Problem(
      'model-too-large',
      `This training needs ${bytes} bytes of memory; ${allowance(limits, 'arenaBytes')}.`,
    )
  }
  checkLength(program.flopsPerEpoch, spec.epochs, limits)
}

/** Also of a job whose epochs are changed. */
export function checkLength(flopsPerEpoch: number, epochs: number, limits: TenantLimits): void {
  if (epochs > allowed(limits, 'epochs')) {
    const message = `This training wants ${epochs} epochs; ${allowance(limits, 'epochs')}.`
    throw new Problem('budget-exceeded', message, [{ pointer: '/epochs', message }])
  }
  const flops = flopsPerEpoch * epochs
  if (flops > allowed(limits, 'jobFlops')) {
    throw new Problem(
      'budget-exceeded',
      `This training needs ${exponential(flops)} floating-point operations; ${allowance(limits, 'jobFlops', exponential)}.`,
    )
  }
}

const exponential = (value: number) => value.toExponential(2)

async function checkModel(
  models: Pick<ModelStore, 'tensors'>,
  from: string,
  program: Program,
): Promise<void> {
  const tensors = await models.tensors(from)
  if (tensors === null) {
    throw new Problem('invalid-spec', `There is no model ${from} to start from.`, [
      { pointer: '/from', message: 'does not exist' },
    ])
  }
  try {
    checkWeights(program, new Map(tensors.map(({ name, shape }) => [name, { shape }])))
  } catch (error) {
    throw specProblem(error)
  }
}

/** What the engine says of a spec, as a Problem; anything else unchanged. */
function specProblem(error: unknown): unknown {
  if (error instanceof SpecError) {
    return new Problem('invalid-spec', error.message, [{ pointer: error.pointer, message: error.message }])
  }
  return error
}
