/** What a job would be: checks that the training can work and fits the limits, before anything is stored. */
import { randomInt } from 'node:crypto'
import {
  type Column,
  type GeneratedDataset,
  inputWidth,
  type Scaling,
  targetOf,
} from '../contract/dataset.js'
import { finalTraining, trainingsOf } from '../contract/folds.js'
import { idPrefixes } from '../contract/ids.js'
import type { InlineDataset, JobRequest, JobSpec } from '../contract/job.js'
import { allowance, allowed, type TenantLimits } from '../contract/limits.js'
import type { TrainingSpec } from '../contract/network.js'
import { Problem } from '../contract/problems.js'
import { didYouMean } from '../contract/similar-names.js'
import { type BuiltIn, builtIn, builtInNames } from '../datasets/built-ins.js'
import { checkValidationColumns } from '../datasets/compatibility.js'
import { tableFromInline } from '../datasets/inline.js'
import { piecesOf } from '../datasets/prepare.js'
import { DatasetError, type Table } from '../datasets/table.js'
import { targetCoding, targetWidth } from '../datasets/target-coding.js'
import {
  checkWeights,
  compile,
  type DataShape,
  outputShape,
  type Program,
  SpecError,
  sizeOf,
  splitSizes,
} from '../engine/index.js'
import { type ResolvedRequest, resolveRequest } from './defaults.js'
import { newId } from './new-id.js'
import type { DatasetStore, ModelStore, NewDataset, Tenant, Tenanted } from './ports.js'

export interface PlanDependencies {
  models: Tenanted<Pick<ModelStore, 'get' | 'tensors'>>
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
  const models = dependencies.models.of(tenantId)
  const { network, from } = request
  const source = network === 'auto' && from !== undefined ? await models.get(from) : null
  if (source === null && network === 'auto' && from !== undefined) throw noModel(from)
  const { spec, program } = plan(resolveRequest(request, data, source), data, validation)
  checkThreads(spec, dependencies.maximumThreads)
  checkLimits(program, spec, limits)
  if (from !== undefined) await checkModel(models, from, program)
  return { spec, program, data, validation }
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
  /** Every row there is, such as those of a Boolean function. */
  isTruthTable: boolean
}

/** Built-ins and rows inside a request are no sample of anything when they are so few. */
const rowsOfTruthTable = 20

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
  if (stored !== null) {
    return { ...stored, name: stored.id, datasetId: stored.id, inline: null, isTruthTable: false }
  }
  const names = builtInNames.join(', ')
  const meant = didYouMean(dataset, builtInNames)
  const message = `There is no dataset "${dataset}": the built-ins are ${names}, uploads begin with ${idPrefixes.dataset}${meant}`
  throw new Problem('invalid-spec', message, [{ pointer: `/${field}`, message: 'does not exist' }])
}

function inlineData(dataset: InlineDataset): DataDescription {
  const table = readInline(dataset)
  const { columns, rows } = table
  const id = newId('dataset')
  const scaling = 'none'
  const inline: NewDataset = { id, name: null, origin: 'inline', scaling, pieces: piecesOf(table) }
  const inputShape = [inputWidth(columns)]
  const isTruthTable = rows < rowsOfTruthTable
  return { name: id, columns, rows, datasetId: id, inputShape, scaling, inline, isTruthTable }
}

function builtInData(name: DataDescription['name'], { columns, rows, scaling }: BuiltIn): DataDescription {
  const inputShape = [inputWidth(columns)]
  const isWholeParity = typeof name !== 'string' && name.name === 'parity' && name.rows === undefined
  const isTruthTable = rows < rowsOfTruthTable || isWholeParity
  return { name, columns, rows, datasetId: null, inputShape, scaling, inline: null, isTruthTable }
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
    const shape = {
      inputShape,
      targetWidth: targetWidth(coding),
      trainingRows: split.training,
      validationRows: validation?.rows ?? split.validation,
      classTargets: coding.type === 'oneHot' || coding.type === 'binary',
    }
    checkFolds(training, shape)
    const program = compile(finalTraining(training), shape)
    const spec: JobSpec = {
      ...training,
      ...program.spec,
      ...(training.earlyStopping === undefined ? {} : { earlyStopping: training.earlyStopping }),
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

/** Compiles the smallest of the trainings that choose the number of epochs. @throws SpecError */
function checkFolds(training: TrainingSpec, shape: DataShape): void {
  const folds = training.earlyStopping?.folds
  if (folds === undefined) return
  const rows = shape.trainingRows
  const pointer = '/earlyStopping/folds'
  if (shape.validationRows > 0) {
    const message = `folds hold rows out themselves, and ${shape.validationRows} are held out already: leave out validationSplit and validationDataset, or folds`
    throw new SpecError(pointer, message)
  }
  if (folds > rows) {
    throw new SpecError(pointer, `${folds} folds of ${rows} rows: use at most ${rows} folds`)
  }
  const { monitor } = training.earlyStopping ?? {}
  if (monitor === 'loss' || monitor === 'accuracy') {
    const better = monitor === 'loss' ? 'valLoss' : 'valAccuracy'
    const message = `folds are watched on the rows they hold out: monitor "${better}" rather than "${monitor}"`
    throw new SpecError('/earlyStopping/monitor', message)
  }
  const heldOut = Math.ceil(rows / folds)
  const trainingRows = rows - heldOut
  const { batchSize } = training
  const fitting = typeof batchSize === 'number' ? { batchSize: Math.min(batchSize, trainingRows) } : {}
  compile({ ...training, ...fitting }, { ...shape, trainingRows, validationRows: heldOut })
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
  checkLength(program.flopsPerEpoch, spec, limits)
}

/** Also of a job whose epochs are changed. */
export function checkLength(
  flopsPerEpoch: number,
  spec: Pick<JobSpec, 'epochs' | 'earlyStopping'>,
  limits: TenantLimits,
): void {
  const { epochs } = spec
  if (epochs > allowed(limits, 'epochs')) {
    const message = `This training wants ${epochs} epochs; ${allowance(limits, 'epochs')}.`
    throw new Problem('budget-exceeded', message, [{ pointer: '/epochs', message }])
  }
  const flops = flopsPerEpoch * epochs * trainingsOf(spec)
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
  if (tensors === null) throw noModel(from)
  try {
    checkWeights(program, new Map(tensors.map(({ name, shape }) => [name, { shape }])))
  } catch (error) {
    throw specProblem(error)
  }
}

const noModel = (id: string) =>
  new Problem('invalid-spec', `There is no model ${id} to start from.`, [
    { pointer: '/from', message: 'does not exist' },
  ])

/** What the engine says of a spec, as a Problem; anything else unchanged. */
function specProblem(error: unknown): unknown {
  if (error instanceof SpecError) {
    return new Problem('invalid-spec', error.message, [{ pointer: error.pointer, message: error.message }])
  }
  return error
}
