/** Plans a job: checks that the training can work and fits the limits, before anything is stored. */
import { randomInt } from 'node:crypto'
import { findTarget, type Scaling } from '../contract/dataset.js'
import { countTrainings, finalTraining } from '../contract/folds.js'
import type { JobRequest, Split } from '../contract/job-request.js'
import type { JobSpec } from '../contract/job-spec.js'
import { describeLimit, effectiveLimit, type TenantLimits } from '../contract/limits.js'
import type { Model, Tensor } from '../contract/model.js'
import { maximumRowOperations, type TrainingSpec } from '../contract/network.js'
import { Problem } from '../contract/problems.js'
import { isWeighted } from '../datasets/row-weights.js'
import { shownNames } from '../datasets/shown-text.js'
import { partSizes } from '../datasets/split-rows.js'
import { DatasetError } from '../datasets/table.js'
import { accuracyRule, isRegression, targetCoding, targetWidth } from '../datasets/target-coding.js'
import { compile, elementCount, outputShape, type Program, SpecError } from '../engine/index.js'
import { type DataDescription, findData, findValidation } from './data-description.js'
import { type ResolvedRequest, resolveRequest } from './defaults.js'
import { checkDerivedFeatures, withDerivedFeatures } from './derived-features.js'
import { checkFolds, checkParts } from './fold-checks.js'
import type { GeneratedReader } from './generated-data.js'
import { checkInputShape, shapeOfRow } from './input-shape.js'
import type { DatasetStore } from './ports/datasets.js'
import type { ModelStore } from './ports/models.js'
import type { Tenant, Tenanted } from './ports/tenants.js'
import { checkClassWeight, checkExcludedRows, checkSampleWeight } from './row-weights.js'
import { checkMismatch, checkSourceWeights, inheritedScales } from './source-model.js'
import { amountRefusal, magnitudeRefusal, numberHint, rangeRefusal } from './target-range.js'
import { type TrainedTarget, targetScalingFor } from './target-scaling.js'

export interface PlanDependencies {
  models: Tenanted<Pick<ModelStore, 'get' | 'tensors'>>
  datasets: Tenanted<Pick<DatasetStore, 'get'>>
  generated: Tenanted<Pick<GeneratedReader, 'describe'>>
  /** Maximum number of threads of one training: the cores of this machine. */
  maximumThreads: number
}

export interface Plan {
  /** The spec with all defaults filled in. */
  spec: JobSpec
  program: Program
  data: DataDescription
  validation: DataDescription | null
}

/** @throws Problem if the job cannot run */
export async function planTraining(
  dependencies: PlanDependencies,
  { tenantId, limits }: Tenant,
  given: JobRequest,
): Promise<Plan> {
  if (given.folds !== undefined) await planFold(dependencies, { tenantId, limits }, given)
  const sources = {
    datasets: dependencies.datasets.of(tenantId),
    generated: dependencies.generated.of(tenantId),
  }
  const data = await findData(sources, given.dataset, 'dataset')
  const validation = await findValidation(sources, given, data)
  const models = dependencies.models.of(tenantId)
  const source = given.from === undefined ? null : await findSource(models, given.from)
  const request = withDerivedFeatures(given, source?.model ?? null)
  const { network, sampleWeight, derivedFeatures } = request
  if (source !== null) checkMismatch(source.model, data, request)
  const resolved = resolveRequest(request, data, network === 'auto' && source !== null ? source.model : null)
  const { program, target, ...planned } = plan(resolved, data, validation, source)
  const spec = request.epochs === undefined ? withinLimits(planned.spec, program, limits) : planned.spec
  checkThreads(spec, dependencies.maximumThreads)
  checkLimits(program, spec, limits)
  if (source !== null) {
    const { fromMismatch } = request
    const { columns } = data
    const ends = { columns, target, sampleWeight, derivedFeatures, fromMismatch }
    checkSourceWeights(source.model, source.tensors, program, ends)
  }
  return { spec, program, data, validation }
}

/** Plans the largest of the trainings without a fold. @throws Problem if it cannot run */
async function planFold(
  dependencies: PlanDependencies,
  tenant: Tenant,
  { folds = 0, repeats: _, ...request }: JobRequest,
): Promise<void> {
  const { earlyStopping, network, validationFold } = request
  if (validationFold !== undefined) throw conflict('cannot be combined with validationFold')
  const monitors = earlyStopping?.folds === undefined && earlyStopping?.monitor.startsWith('val') === true
  if (network !== 'auto' && monitors) {
    throw conflict(
      `each fold measures a training, so its rows must not end it: set earlyStopping.folds, or monitor "loss"`,
    )
  }
  try {
    await planTraining(dependencies, tenant, { ...request, validationFold: { folds, fold: folds, seed: 0 } })
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    const errors = error.errors.map(({ pointer, message }) => ({
      pointer: pointer === '/validationFold' ? '/folds' : pointer,
      message,
    }))
    throw new Problem(error.code, error.detail, errors)
  }
}

const conflict = (message: string) =>
  new Problem('invalid-spec', `/folds: ${message}.`, [{ pointer: '/folds', message }])

interface Source {
  model: Model
  tensors: Tensor[]
}

/** @throws Problem if there is no such model */
async function findSource(models: Pick<ModelStore, 'get' | 'tensors'>, from: string): Promise<Source> {
  const model = await models.get(from)
  const tensors = model === null ? null : await models.tensors(model.id)
  if (model !== null && tensors !== null) return { model, tensors }
  throw new Problem('invalid-spec', `There is no model ${from} to start from.`, [
    { pointer: '/from', message: 'does not exist' },
  ])
}

function plan(
  request: ResolvedRequest,
  data: DataDescription,
  validation: DataDescription | null,
  source: Source | null,
) {
  const {
    name,
    metadata,
    dataset,
    validationDataset,
    priority,
    reuse,
    fromMismatch,
    from: _,
    ...rest
  } = request
  const { split: wantedSplit, scaling = data.scaling, targetScaling: wantedScaling, ...others } = rest
  const { testSplit = 0, ...fields } = others
  const seed = fields.seed ?? randomInt(2 ** 48 - 1)
  const training = { ...fields, seed, ...(testSplit === 0 ? {} : { testSplit }) }
  const inputShape = training.network.inputShape ?? shapeOfRow(data, training)
  try {
    checkSampleWeight(training, data)
    checkDerivedFeatures(training, inputShape, data)
    checkInputShape(inputShape, data, training)
    const target = trainedTarget(training, inputShape, data)
    const inherited = source === null ? null : inheritedScales(source.model, request, target)
    const targetScaling = targetScalingFor(wantedScaling ?? inherited?.targetScaling, data, target)
    checkRanges({ ...target, scaling: targetScaling }, training, [data, validation])
    const tooLarge = magnitudeRefusal(data, { scaling, targetScaling })
    if (tooLarge !== undefined) throw new SpecError(`/${tooLarge.field}`, tooLarge.message)
    checkClassWeight(training, target.coding)
    checkExcludedRows(training, data)
    checkPictures(training, inputShape, data)
    const rule = splitFor(wantedSplit, data)
    checkParts({ ...training, split: rule }, data, validation)
    const sizes = partSizes(training, data.rows)
    const shape = {
      inputShape,
      targetWidth: targetWidth(target.coding),
      trainingRows: sizes.training,
      validationRows: validation?.rows ?? sizes.validation,
      ...(isWeighted(training) ? { weighted: true } : {}),
      classTargets: target.coding.type === 'oneHot' || target.coding.type === 'binary',
      accuracy: accuracyRule(target.coding, training.loss, target.activation),
    }
    const fitting = fittingBatch(training, sizes.training)
    checkFolds(fitting, shape, data)
    const program = compile(finalTraining(fitting), shape)
    const spec: JobSpec = {
      ...training,
      ...program.spec,
      ...(training.earlyStopping === undefined ? {} : { earlyStopping: training.earlyStopping }),
      ...{ seed: training.seed, split: rule, scaling, targetScaling, dataset: data.name },
      ...(validation === null ? {} : { validationDataset: validation.name }),
      ...(source === null || inherited === null
        ? {}
        : { from: source.model.id, fromMismatch, inherited: inherited.inherited }),
    }
    return { spec, program, target: target.coding }
  } catch (error) {
    if (error instanceof DatasetError) {
      // A single class is an error of the data. Otherwise the network is easier to change.
      const tellsApart = findTarget(data.columns).classes?.length !== 1
      const pointer = tellsApart ? lastLayer(training) : '/dataset'
      throw new Problem('invalid-spec', error.message, [{ pointer, message: error.message }])
    }
    throw specProblem(error)
  }
}

/** @throws SpecError if rows that are no pictures are to be augmented */
function checkPictures(
  { augmentation }: Pick<TrainingSpec, 'augmentation'>,
  inputShape: readonly number[],
  { image, name }: DataDescription,
): void {
  if (augmentation === undefined) return
  if (image === null) {
    const dataset = typeof name === 'string' ? name : name.name
    throw new SpecError(
      '/augmentation',
      `changes pictures, but the rows of ${dataset} are no pictures: omit it`,
    )
  }
  const shape = [image.channels, image.height, image.width]
  if (shape.every((length, index) => inputShape[index] === length) && inputShape.length === shape.length)
    return
  throw new SpecError(
    '/augmentation',
    `changes pictures of [${shape.join(', ')}], but inputShape is [${inputShape.join(', ')}]: omit one of them`,
  )
}

/** The spec of a whole training also applies to one without a fold, which has fewer rows. */
function fittingBatch<T extends Pick<ResolvedRequest, 'batchSize' | 'validationFold'>>(
  training: T,
  rows: number,
): T {
  const { batchSize, validationFold } = training
  const isTooLarge = typeof batchSize === 'number' && batchSize > rows
  return validationFold !== undefined && isTooLarge ? { ...training, batchSize: rows } : training
}

const lastLayer = ({ network: { layers } }: Pick<TrainingSpec, 'network'>) =>
  `/network/layers/${layers.length - 1}`

/** @throws DatasetError or SpecError if the targets do not fit the last layer */
function trainedTarget(
  { network, loss }: Pick<TrainingSpec, 'network' | 'loss'>,
  inputShape: number[],
  data: DataDescription,
): TrainedTarget {
  const outputs = elementCount(outputShape(network, inputShape))
  const amount = loss === 'categoricalCrossentropy' ? amountRefusal(data) : undefined
  if (amount !== undefined) throw new SpecError('/loss', amount)
  const last = network.layers.at(-1)
  const activation = last !== undefined && 'activation' in last ? last.activation : 'linear'
  try {
    return { coding: targetCoding(data, { outputs, loss }), loss, activation }
  } catch (error) {
    const hint = numberHint(data, loss)
    if (!(error instanceof DatasetError) || hint === undefined) throw error
    throw new DatasetError(error.code, `${error.message}${hint}`)
  }
}

/** @throws SpecError if the loss does not accept the targets, or the last layer cannot reach them */
function checkRanges(
  target: TrainedTarget & { scaling: Scaling },
  training: Pick<TrainingSpec, 'network'>,
  [data, validation]: [DataDescription, DataDescription | null],
): void {
  const pointer = isRegression(target.loss) ? `${lastLayer(training)}/activation` : '/loss'
  const refusal = rangeRefusal(data, target)
  if (refusal !== undefined) throw new SpecError(pointer, refusal)
  const validationRefusal = validation === null ? undefined : rangeRefusal(validation, target)
  if (validationRefusal === undefined) return
  throw new SpecError('/validationDataset', `in the validation dataset, ${validationRefusal}`)
}

/** @throws SpecError if a stratified split has no classes */
function splitFor(wanted: Split | undefined, { columns }: DataDescription): Split {
  const { target, classes } = findTarget(columns)
  if (wanted === 'stratified' && classes === null) {
    const names = columns.filter(({ role }) => role === 'target').map((column) => column.name)
    const message = `a stratified split needs one target with classes, but ${target ?? shownNames(names)} ${target === null ? 'are several targets' : 'is a number'}: use "random", or "chronological" for the last rows`
    throw new SpecError('/split', message)
  }
  return wanted ?? (classes === null ? 'random' : 'stratified')
}

type Costs = Pick<Program, 'arenaBytes' | 'threadBytes' | 'flopsPerEpoch' | 'flopsPerPrediction'>

/** Bytes of a training without its data: the arena, and the work space of the threads. */
export function memoryBytes(
  { arenaBytes, threadBytes }: Pick<Costs, 'arenaBytes' | 'threadBytes'>,
  { threads }: JobSpec,
): number {
  return arenaBytes + threads * threadBytes
}

function checkThreads({ threads }: JobSpec, maximum: number): void {
  if (threads <= maximum) return
  const message = `This training requests ${threads} threads; the limit is ${maximum} (MAXIMUM_THREADS).`
  throw new Problem('budget-exceeded', message, [{ pointer: '/threads', message }])
}

function checkLimits(program: Costs, spec: JobSpec, limits: TenantLimits): void {
  const bytes = memoryBytes(program, spec)
  if (bytes > effectiveLimit(limits, 'arenaBytes')) {
    throw new Problem(
      'model-too-large',
      `This training needs ${bytes} bytes of memory; ${describeLimit(limits, 'arenaBytes')}.`,
    )
  }
  checkRowCost(program.flopsPerPrediction)
  checkLength(program.flopsPerEpoch, spec, limits)
}

/** @throws Problem if the prediction of a row would hold up other tenants */
export function checkRowCost(flops: number): void {
  if (flops <= maximumRowOperations) return
  const [needed, limit] = [flops, maximumRowOperations].map(exponential)
  throw new Problem(
    'budget-exceeded',
    `The prediction of a row needs ${needed} floating-point operations; the limit is ${limit} (maximumRowOperations). ` +
      'Use a smaller network.',
  )
}

/** Reduces the default number of epochs to the limit of the tenant. */
function withinLimits(
  spec: JobSpec,
  { flopsPerEpoch }: Pick<Costs, 'flopsPerEpoch'>,
  limits: TenantLimits,
): JobSpec {
  const affordable = Math.floor(effectiveLimit(limits, 'jobFlops') / (flopsPerEpoch * countTrainings(spec)))
  const epochs = Math.max(1, Math.min(spec.epochs, effectiveLimit(limits, 'epochs'), affordable))
  return { ...spec, epochs }
}

/** Also checks jobs whose epochs are changed. */
export function checkLength(
  flopsPerEpoch: number,
  spec: Pick<JobSpec, 'epochs' | 'earlyStopping'>,
  limits: TenantLimits,
): void {
  const { epochs } = spec
  if (epochs > effectiveLimit(limits, 'epochs')) {
    const message = `This training requests ${epochs} epochs; ${describeLimit(limits, 'epochs')}.`
    throw new Problem('budget-exceeded', message, [{ pointer: '/epochs', message }])
  }
  const flops = flopsPerEpoch * epochs * countTrainings(spec)
  if (flops > effectiveLimit(limits, 'jobFlops')) {
    throw new Problem(
      'budget-exceeded',
      `This training needs ${exponential(flops)} floating-point operations; ${describeLimit(limits, 'jobFlops', exponential)}.`,
    )
  }
}

const exponential = (value: number) => value.toExponential(2)

/** Turns an error of the engine into a Problem. Returns other errors unchanged. */
function specProblem(error: unknown): unknown {
  if (error instanceof SpecError) {
    return new Problem('invalid-spec', error.message, [{ pointer: error.pointer, message: error.message }])
  }
  return error
}
