/** Checks of a spec against the data and of layers against each other. Layers check their own input shapes. */
import { losses, type TrainingSpec } from '../contract/network.js'
import { elementCount } from './arena.js'
import { type LayerLocation, type PlannedLayer, shapeText } from './layers/layer.js'
import { selectAccuracy } from './losses.js'
import type { DataShape, Shape } from './program.js'
import { SpecError } from './spec-error.js'

export function locateLayer(index: number, type: string): LayerLocation {
  return { index, pointer: `/network/layers/${index}`, title: `layers[${index}] (${type})` }
}

/** The shape of a sample: the spec's, or the data's by default. @throws SpecError when their sizes differ. */
export function resolveInputShape(inputShape: number[] | undefined, data: DataShape): number[] {
  if (inputShape === undefined) return data.inputShape
  const features = elementCount(data.inputShape)
  if (elementCount(inputShape) !== features) {
    throw new SpecError(
      '/network/inputShape',
      `inputShape ${shapeText(inputShape)} has ${elementCount(inputShape)} values, but each row of the data has ${features}; choose sizes whose product is ${features}, or omit inputShape`,
    )
  }
  return inputShape
}

/** @throws SpecError when softmax is not in the last layer or its output is not one-dimensional. */
export function checkSoftmax(layers: readonly PlannedLayer[]): void {
  layers.forEach((planned, index) => {
    if (planned.activation !== 'softmax') return
    const location = locateLayer(index, planned.layer.type)
    const pointer = `${location.pointer}/activation`
    if (index < layers.length - 1) {
      throw new SpecError(
        pointer,
        `${location.title}: softmax is allowed in the last layer only; use relu or tanh in hidden layers`,
      )
    }
    if (planned.outputShape.length !== 1) {
      throw new SpecError(
        pointer,
        `${location.title}: softmax needs a one-dimensional output, one value per class, but the output shape is ${shapeText(planned.outputShape)}; end with flatten and a dense layer`,
      )
    }
  })
}

/** Checks the last layer against the loss and the data, and that gradients reach every trainable layer. */
export function checkLoss(spec: TrainingSpec, layers: readonly PlannedLayer[], data: DataShape): void {
  const { loss } = spec
  const index = layers.length - 1
  const last = layers[index]
  if (last === undefined) throw new SpecError('/network/layers', 'the network needs at least one layer')
  const location = locateLayer(index, last.layer.type)
  const required = losses[loss].activation
  const activation = last.activation ?? 'linear'
  const pointer = last.activation === null ? location.pointer : `${location.pointer}/activation`

  if (activation === 'step' && required !== 'step') {
    throw new SpecError(
      pointer,
      `${location.title}: step has no gradient, so ${loss} cannot be minimized; use sigmoid, or the loss perceptron`,
    )
  }
  if (required !== null && activation !== required) {
    throw new SpecError(
      pointer,
      `${loss} needs ${required} as the last layer's activation, but ${location.title} has ${activation}; set "activation": "${required}" there, or choose another loss`,
    )
  }
  checkWidth(last.outputShape, data, location)
  if (loss === 'categoricalCrossentropy' && elementCount(last.outputShape) < 2) {
    throw new SpecError(
      location.pointer,
      `${location.title}: softmax over one output is always 1; use one output per class (at least 2), or sigmoid with binaryCrossentropy`,
    )
  }
  checkSlope(layers)
}

function checkWidth(outputShape: Shape, data: DataShape, location: LayerLocation): void {
  const outputs = elementCount(outputShape)
  if (outputs === data.targetWidth) return
  const shape =
    outputShape.length > 1 ? ` (shape ${shapeText(outputShape)}: add flatten and a dense layer)` : ''
  throw new SpecError(
    location.pointer,
    data.classTargets && data.targetWidth > 1
      ? `the data has ${data.targetWidth} classes, so the network needs ${data.targetWidth} outputs, e.g. {"type":"dense","units":${data.targetWidth},"activation":"softmax"}; ${location.title} has ${outputs}${shape}`
      : `each target has ${data.targetWidth} ${data.targetWidth === 1 ? 'number' : 'numbers'}, but ${location.title} has ${outputs}${shape}; the last layer needs ${data.targetWidth} ${data.targetWidth === 1 ? 'output' : 'outputs'}`,
  )
}

/** A step activation in a hidden layer blocks the gradients of that layer and of the layers before it. */
function checkSlope(layers: readonly PlannedLayer[]): void {
  let trainable = false
  layers.forEach((planned, index) => {
    trainable ||= planned.tensors.some((tensor) => tensor.trainable)
    if (planned.activation !== 'step' || index === layers.length - 1 || !trainable) return
    const location = locateLayer(index, planned.layer.type)
    throw new SpecError(
      `${location.pointer}/activation`,
      `${location.title}: step has no gradient, so neither this layer nor the layers before it can learn; use sigmoid, tanh or relu in hidden layers`,
    )
  })
  if (!trainable) {
    throw new SpecError(
      '/network/layers',
      'no layer has weights, so there is nothing to learn; add a dense layer',
    )
  }
}

/** @returns rows per step. @throws SpecError when a batch has more rows than the training set, or too few. */
export function resolveBatchSize(
  spec: TrainingSpec,
  layers: readonly PlannedLayer[],
  data: DataShape,
): number {
  const rows = data.trainingRows
  if (rows < 1) throw new SpecError('', 'there are no training rows; use fewer validation rows')
  const batchSize = spec.batchSize === 'full' ? rows : (spec.batchSize ?? Math.min(32, rows))
  if (batchSize > rows) {
    throw new SpecError(
      '/batchSize',
      `batchSize ${batchSize} exceeds the ${rows} training ${rows === 1 ? 'row' : 'rows'}; use at most ${rows}, or "full"`,
    )
  }
  layers.forEach((planned, index) => {
    if (planned.layer.type !== 'batchNormalization') return
    const [, ...positions] = planned.outputShape
    if (batchSize * elementCount(positions) > 1) return
    throw new SpecError(
      '/batchSize',
      `${locateLayer(index, planned.layer.type).title} needs at least two values per channel, but a batch has one row; use a batchSize of at least 2`,
    )
  })
  return batchSize
}

/** @throws SpecError when this training does not measure the metric that early stopping monitors. */
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
      `${monitor} needs validation rows, but there are none; set validationSplit, or monitor "${monitor === 'valLoss' ? 'loss' : 'accuracy'}"`,
    )
  }
  const activation = layers.at(-1)?.activation ?? 'linear'
  if (
    monitor.toLowerCase().endsWith('accuracy') &&
    selectAccuracy(spec.loss, activation, data.accuracy) === 'none'
  ) {
    const why =
      data.accuracy === 'none'
        ? 'the targets are continuous'
        : `a network with ${activation} outputs and the loss ${spec.loss} does not classify`
    throw new SpecError(
      pointer,
      `${monitor} is not available, because ${why}; monitor "${monitor === 'accuracy' ? 'loss' : 'valLoss'}"`,
    )
  }
}

/** @throws SpecError when rows that are no pictures are to be changed like pictures. */
export function checkAugmentation({ augmentation }: TrainingSpec, inputShape: readonly number[]): void {
  if (augmentation === undefined || inputShape.length === 3) return
  throw new SpecError(
    '/augmentation',
    `augmentation changes pictures, but the input shape of the network is ${shapeText(inputShape)}; use [channels, height, width], or omit augmentation`,
  )
}
