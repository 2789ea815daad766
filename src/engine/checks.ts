/** What cannot be trained, refused in words: the layers' own shapes apart, which their files check. */
import type { TrainingSpec } from '../contract/network.js'
import { sizeOf } from './arena.js'
import { type Place, type PlannedLayer, shapeText } from './layers/layer.js'
import { accuracyOf, lossRules } from './losses.js'
import type { DataShape, Shape } from './program.js'
import { SpecError } from './spec-error.js'

export function placeOf(index: number, type: string): Place {
  return { index, pointer: `/network/layers/${index}`, title: `layers[${index}] (${type})` }
}

/** The shape of a sample: as the spec says, else as the data is. @throws SpecError when they disagree in size. */
export function inputShapeOf(inputShape: number[] | undefined, data: DataShape): number[] {
  if (inputShape === undefined) return data.inputShape
  const features = sizeOf(data.inputShape)
  if (sizeOf(inputShape) !== features) {
    throw new SpecError(
      '/network/inputShape',
      `inputShape ${shapeText(inputShape)} holds ${sizeOf(inputShape)} numbers, but the data has ${features} per row; choose sizes whose product is ${features} or leave it out`,
    )
  }
  return inputShape
}

/** Softmax only at the end and only over a plain row. */
export function checkSoftmax(layers: readonly PlannedLayer[]): void {
  layers.forEach((planned, index) => {
    if (planned.activation !== 'softmax') return
    const place = placeOf(index, planned.layer.type)
    const pointer = `${place.pointer}/activation`
    if (index < layers.length - 1) {
      throw new SpecError(
        pointer,
        `${place.title}: softmax turns the last layer's outputs into probabilities and can stand only there; use relu or tanh in between`,
      )
    }
    if (planned.outputShape.length !== 1) {
      throw new SpecError(
        pointer,
        `${place.title}: softmax needs a plain row of outputs, one per class, but the shape is ${shapeText(planned.outputShape)}; end with flatten and a dense layer`,
      )
    }
  })
}

/** The end of the network against the loss and the data, and the slope all along. */
export function checkLoss(spec: TrainingSpec, layers: readonly PlannedLayer[], data: DataShape): void {
  const { loss } = spec
  const index = layers.length - 1
  const last = layers[index]
  if (last === undefined) throw new SpecError('/network/layers', 'the network needs at least one layer')
  const place = placeOf(index, last.layer.type)
  const rule = lossRules[loss]
  const activation = last.activation ?? 'linear'
  const pointer = last.activation === null ? place.pointer : `${place.pointer}/activation`

  if (activation === 'step' && rule.activation !== 'step') {
    throw new SpecError(
      pointer,
      `${place.title}: step has no slope, so ${loss} cannot be minimized by gradients; use sigmoid, or the loss perceptron, which learns a threshold unit`,
    )
  }
  if (rule.activation !== null && activation !== rule.activation) {
    throw new SpecError(
      pointer,
      `${loss} needs ${rule.activation} as the last layer's activation, but ${place.title} ends with ${activation}; set "activation": "${rule.activation}" there or choose another loss`,
    )
  }
  checkWidth(last.outputShape, data, place)
  if (loss === 'categoricalCrossentropy' && sizeOf(last.outputShape) < 2) {
    throw new SpecError(
      place.pointer,
      `${place.title}: softmax over one output is always 1; use one output per class (at least 2), or sigmoid with binaryCrossentropy`,
    )
  }
  checkSlope(layers)
}

function checkWidth(outputShape: Shape, data: DataShape, place: Place): void {
  const outputs = sizeOf(outputShape)
  if (outputs === data.targetWidth) return
  const shape =
    outputShape.length > 1 ? ` (shape ${shapeText(outputShape)}: add flatten and a dense layer)` : ''
  throw new SpecError(
    place.pointer,
    data.classTargets && data.targetWidth > 1
      ? `the data has ${data.targetWidth} classes, so the network needs ${data.targetWidth} outputs, e.g. {"type":"dense","units":${data.targetWidth},"activation":"softmax"}; ${place.title} gives ${outputs}${shape}`
      : `each target has ${data.targetWidth} ${data.targetWidth === 1 ? 'number' : 'numbers'}, but ${place.title} gives ${outputs}${shape}; the last layer needs ${data.targetWidth} ${data.targetWidth === 1 ? 'output' : 'outputs'}`,
  )
}

/** A step that is not last stops every gradient, so nothing up to it could learn. */
function checkSlope(layers: readonly PlannedLayer[]): void {
  let trainable = false
  layers.forEach((planned, index) => {
    trainable ||= planned.tensors.some((tensor) => tensor.trainable)
    if (planned.activation !== 'step' || index === layers.length - 1 || !trainable) return
    const place = placeOf(index, planned.layer.type)
    throw new SpecError(
      `${place.pointer}/activation`,
      `${place.title}: step has no slope, so neither this layer nor those before it could learn; use sigmoid, tanh or relu in hidden layers`,
    )
  })
  if (!trainable) {
    throw new SpecError(
      '/network/layers',
      'no layer has weights, so there is nothing to learn: add a dense layer',
    )
  }
}

/** @returns rows per step. @throws SpecError when a batch would hold more rows than there are, or too few. */
export function batchSizeOf(spec: TrainingSpec, layers: readonly PlannedLayer[], data: DataShape): number {
  const rows = data.trainingRows
  if (rows < 1) throw new SpecError('', 'there is no row to train on: leave fewer rows to validation')
  const batchSize = spec.batchSize === 'full' ? rows : (spec.batchSize ?? Math.min(32, rows))
  if (batchSize > rows) {
    throw new SpecError(
      '/batchSize',
      `a batch of ${batchSize} rows is larger than the ${rows} training ${rows === 1 ? 'row' : 'rows'}; use at most ${rows}, or "full"`,
    )
  }
  layers.forEach((planned, index) => {
    if (planned.layer.type !== 'batchNormalization') return
    const [, ...positions] = planned.outputShape
    if (batchSize * sizeOf(positions) > 1) return
    throw new SpecError(
      '/batchSize',
      `${placeOf(index, planned.layer.type).title} needs several values per channel to take a mean of, but a batch has one row; use a batchSize of at least 2`,
    )
  })
  return batchSize
}

/** What early stopping watches must be measured. */
export function checkEarlyStopping(
  spec: TrainingSpec,
  layers: readonly PlannedLayer[],
  data: DataShape,
): void {
  const monitor = spec.earlyStopping?.monitor
  if (monitor === undefined) return
  const pointer = '/earlyStopping/monitor'
  if (monitor.startsWith('val') && data.validationRows < 1) {
    throw new SpecError(
      pointer,
      `${monitor} is measured on validation rows, and there are none; set validationSplit, or monitor "${monitor === 'valLoss' ? 'loss' : 'accuracy'}"`,
    )
  }
  const activation = layers.at(-1)?.activation ?? 'linear'
  if (
    monitor.toLowerCase().endsWith('accuracy') &&
    accuracyOf(spec.loss, activation, data.accuracy) === 'none'
  ) {
    const why =
      data.accuracy === 'none'
        ? 'the targets are amounts, which answers come near rather than meet'
        : `a network ending with ${activation} under ${spec.loss} does not classify`
    throw new SpecError(
      pointer,
      `${monitor} is not measured here, because ${why}; monitor "${monitor === 'accuracy' ? 'loss' : 'valLoss'}"`,
    )
  }
}
