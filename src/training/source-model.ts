/** Checks whether a training can start from the weights of a model. Columns and classes are matched by name. */
import type { TargetCoding } from '../contract/dataset.js'
import type { JobRequest } from '../contract/job-request.js'
import type { JobSpec } from '../contract/job-spec.js'
import type { Model, Tensor } from '../contract/model.js'
import type { TrainingSpec } from '../contract/network.js'
import { Problem } from '../contract/problems.js'
import { toDerivation } from '../datasets/derived-features.js'
import { shownNames } from '../datasets/shown-text.js'
import { canScaleTargets, targetWidth } from '../datasets/target-coding.js'
import {
  type Ends,
  featureColumns,
  findMismatch,
  isMatch,
  isSameImage,
  outputPlaces,
} from '../datasets/transfer.js'
import { movedShapes, moveRefusal } from '../datasets/transfer-weights.js'
import { checkWeights, type Program, SpecError } from '../engine/index.js'
import type { DataDescription } from './data-description.js'

/** @throws Problem if columns, categories or classes differ and the request has no `fromMismatch` */
export function checkMismatch(
  { id, coding }: Pick<Model, 'id' | 'coding'>,
  data: Pick<DataDescription, 'columns' | 'image'>,
  {
    fromMismatch,
    sampleWeight,
    derivedFeatures = [],
  }: Pick<JobRequest, 'fromMismatch' | 'sampleWeight' | 'derivedFeatures'>,
): void {
  if (!isSameImage(coding, data.image)) {
    const sizes = [coding.image, data.image].map(
      (image) => `${image?.width} × ${image?.height} × ${image?.channels}`,
    )
    throw refused(
      `The pictures of model ${id} are ${sizes[0]} (width, height, channels), those of this dataset ${sizes[1]}.`,
    )
  }
  if (fromMismatch === 'initialize') return
  const mismatch = findMismatch(coding, data.columns, {
    sampleWeight,
    derived: derivedFeatures.map(toDerivation),
  })
  if (isMatch(mismatch)) return
  const { added, missing } = mismatch
  const lists = [
    ...(added.length === 0 ? [] : [`new: ${shownNames(added)}`]),
    ...(missing.length === 0 ? [] : [`missing: ${shownNames(missing)}`]),
  ]
  throw refused(
    `This dataset differs from the training data of model ${id}: ${lists.join('; ')}. Send "fromMismatch": "initialize" ` +
      'to initialize the weights of what is new, drop those of what is missing, and keep the others.',
  )
}

/** The scales to inherit from the model, because the request does not set them. */
export function inheritedScales(
  { coding: { target } }: Pick<Model, 'coding'>,
  request: Pick<JobRequest, 'scaling' | 'targetScaling'>,
  trained: { coding: TargetCoding; loss: TrainingSpec['loss'] },
): Pick<JobSpec, 'inherited'> & { targetScaling?: JobSpec['targetScaling'] } {
  const keepsTarget =
    request.targetScaling === undefined &&
    target.type === 'number' &&
    canScaleTargets(trained.coding, trained.loss)
  const inherited: JobSpec['inherited'] = [
    ...(request.scaling === undefined ? ['scaling' as const] : []),
    ...(keepsTarget ? ['targetScaling' as const] : []),
  ]
  return { inherited, ...(keepsTarget ? { targetScaling: target.scaling?.method ?? 'none' } : {}) }
}

/** @throws Problem if the weights do not fit the network after columns and classes are matched */
export function checkSourceWeights(
  model: Pick<Model, 'id' | 'coding'>,
  tensors: readonly Tensor[],
  program: Program,
  {
    target,
    ...request
  }: Pick<JobRequest, 'fromMismatch' | 'sampleWeight' | 'derivedFeatures'> & {
    columns: DataDescription['columns']
    target: TargetCoding
  },
): void {
  const { network } = program
  const ends: Ends = {
    features: featureColumns(request.columns, request.sampleWeight),
    derived: request.derivedFeatures?.map(toDerivation),
    target,
  }
  const source: Ends = model.coding
  const outputs = outputPlaces(source.target, target)
  const isOther = outputs.includes(-1) || outputs.length !== targetWidth(source.target)
  if (request.fromMismatch !== 'initialize' && isOther) {
    throw refused(
      `Model ${model.id} predicts ${describeOutputs(source.target)}, but this network ${describeOutputs(target)}. Use the last layer ` +
        'of the model, or send "fromMismatch": "initialize" to initialize the last layer.',
    )
  }
  const refusal = moveRefusal(network, source, ends)
  if (refusal !== undefined)
    throw refused(`The weights of model ${model.id} do not fit this dataset: ${refusal}.`)
  const shapes = new Map(tensors.map(({ name, shape }) => [name, { shape }]))
  try {
    checkWeights(program, movedShapes(shapes, network, source, ends))
  } catch (error) {
    if (error instanceof SpecError) throw refused(error.message)
    throw error
  }
}

function describeOutputs(target: TargetCoding): string {
  switch (target.type) {
    case 'oneHot':
      return `one output for each class of ${target.name}`
    case 'binary':
      return `one output for the classes ${target.classes.join(' and ')} of ${target.name}`
    case 'number':
    case 'multiLabel':
      return target.names.length === 1
        ? `the number ${target.names[0]}`
        : `the numbers ${shownNames(target.names)}`
    default:
      return target satisfies never
  }
}

const refused = (message: string) => new Problem('invalid-spec', message, [{ pointer: '/from', message }])
