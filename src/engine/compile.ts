/** Compiles a spec to a program: plans the layers, places the buffers, lists the operations. */
import type { Network, TrainingSpec } from '../contract/network.js'
import { ArenaLayout, elementCount } from './arena.js'
import { countFlops } from './cost.js'
import { targetStride } from './dataset.js'
import { encode } from './encoding.js'
import { activationOperation } from './layers/activation.js'
import type { Emission, PlacedTensor, PlannedLayer, Signal } from './layers/layer.js'
import { planLayer } from './layers/registry.js'
import { answersPerRow, selectAccuracy } from './losses.js'
import { type BufferId, lossRules, type Operation } from './operations.js'
import { gradientSpan, updateOperations } from './optimizers.js'
import type { DataShape, LayerSummary, NetworkProgram, Program, Shape, TensorDescription } from './program.js'
import { computeThreadBytes } from './scratch.js'
import {
  checkAugmentation,
  checkEarlyStopping,
  checkLoss,
  checkSoftmax,
  locateLayer,
  resolveBatchSize,
  resolveInputShape,
} from './spec-checks.js'
import { SpecError } from './spec-error.js'

/**
 * Compiles a training.
 * @throws SpecError when the spec does not fit the data; the message is for the user.
 */
export function compile(spec: TrainingSpec, data: DataShape): Program {
  const inputShape = resolveInputShape(spec.network.inputShape, data)
  const layers = planLayers(spec.network, inputShape)
  checkLoss(spec, layers, data)
  checkEarlyStopping(spec, layers, data)
  checkAugmentation(spec, inputShape)
  const batchSize = resolveBatchSize(spec, layers, data)

  const rule = lossRules[spec.loss]
  const layout = new ArenaLayout(batchSize)
  const input = layout.addPerRow('input', 'input', inputShape)
  const target = layout.addPerRow('target', 'target', [targetStride(data)])
  const placed = placeTensors(layers, layout, true)
  const start: Signal = { training: input, inference: input, gradient: null }
  const { emissions, end } = emitLayers(layers, layout, placed, start, {
    training: true,
    omitActivation: rule.fromLogits,
  })
  const gradient = end.gradient
  if (gradient === null || placed.spans === null) {
    throw new Error('a trainable network has an output gradient')
  }

  const endShape = layers.at(-1)?.outputShape ?? inputShape
  const outputs = elementCount(endShape)
  const activation = layers.at(-1)?.activation ?? 'linear'
  const accuracy = selectAccuracy(spec.loss, activation, data.accuracy)
  const lossOperation = (output: BufferId, into: BufferId | null): Operation => {
    const operands = { output, target, gradient: into }
    const attributes = { outputs, loss: spec.loss, accuracy }
    if (!data.weighted) return { op: 'loss', operands, attributes }
    // Where the rule divides by the sum of weights, validation weights already have a mean of 1 (DataShape).
    const weighting = into === null ? 'rows' : rule.weighting
    return {
      op: 'weightedLoss',
      operands,
      attributes: { ...attributes, width: targetStride(data), weighting },
    }
  }
  const inference = emissions.flatMap((emission) => emission.inference)
  const last = prediction(end.inference, rule.fromLogits ? activation : 'linear', endShape, layout)
  const lists = {
    forward: emissions.flatMap((emission) => emission.training),
    backward: [
      lossOperation(end.training, gradient),
      ...emissions.toReversed().flatMap((emission) => emission.backward),
    ],
    update: updateOperations(spec, placed.spans.parameters, placed.spans.gradients, layout),
    evaluation: [...inference, lossOperation(end.inference, null)],
    prediction: [...inference, ...last.operations],
  }

  const step = countFlops([...lists.forward, ...lists.backward])
  const update = countFlops(lists.update)
  const evaluation = countFlops(lists.evaluation)
  const stepsPerEpoch = Math.ceil(data.trainingRows / batchSize)
  const network = { inputShape: [...inputShape], layers: layers.map((planned) => planned.layer) }
  const program = {
    spec: { ...spec, network, batchSize },
    data,
    network,
    layers: summaries(layers, inputShape),
    outputShape: [...endShape],
    parameters: placed.parameters,
    capacity: batchSize,
    buffers: layout.buffers,
    floats: layout.floats,
    input,
    target,
    output: last.output,
    tensors: placed.tensors,
    lists,
    answersPerRow: answersPerRow(accuracy, outputs),
    flopsPerPrediction: countFlops(lists.prediction).perRow,
    stepsPerEpoch,
    flopsPerEpoch:
      step.perRow * data.trainingRows +
      (step.fixed + update.fixed) * stepsPerEpoch +
      evaluation.perRow * data.validationRows,
  }
  const orderBytes = 4 * data.trainingRows
  const augmentedBytes =
    spec.augmentation === undefined ? 0 : 4 * data.trainingRows * elementCount(inputShape)
  const arenaBytes = 4 * program.floats + orderBytes + augmentedBytes + encode(program).byteLength
  return { ...program, arenaBytes, threadBytes: computeThreadBytes(Object.values(lists), batchSize) }
}

/**
 * Compiles the forward pass alone, for predictions in batches of at most `capacity` rows. With `logits`, the outputs are
 * the values before the last activation.
 * @throws SpecError when the layers do not fit together, or inputShape is missing.
 */
export function compilePrediction(network: Network, capacity: number, logits = false): NetworkProgram {
  const { inputShape } = network
  if (inputShape === undefined) {
    throw new SpecError('/network/inputShape', 'a network without data needs an inputShape')
  }
  const layers = planLayers(network, inputShape)
  const layout = new ArenaLayout(capacity)
  const input = layout.addPerRow('input', 'input', inputShape)
  const placed = placeTensors(layers, layout, false)
  const start: Signal = { training: input, inference: input, gradient: null }
  const { emissions, end } = emitLayers(layers, layout, placed, start, {
    training: false,
    omitActivation: logits,
  })
  const lists = {
    forward: [],
    backward: [],
    update: [],
    evaluation: [],
    prediction: emissions.flatMap((emission) => emission.inference),
  }
  return {
    network: { inputShape, layers: layers.map((planned) => planned.layer) },
    layers: summaries(layers, inputShape),
    outputShape: [...(layers.at(-1)?.outputShape ?? inputShape)],
    parameters: placed.parameters,
    capacity,
    buffers: layout.buffers,
    floats: layout.floats,
    input,
    target: null,
    output: end.inference,
    tensors: placed.tensors,
    lists,
    answersPerRow: 0,
    flopsPerPrediction: countFlops(lists.prediction).perRow,
  }
}

/**
 * The shape of one sample's output.
 * @throws SpecError when the layers do not fit together.
 */
export function outputShape(network: Pick<Network, 'layers'>, inputShape: number[]): number[] {
  return [...(planLayers(network, inputShape).at(-1)?.outputShape ?? inputShape)]
}

function planLayers(network: Pick<Network, 'layers'>, inputShape: Shape): PlannedLayer[] {
  const layers: PlannedLayer[] = []
  let shape = inputShape
  network.layers.forEach((layer, index) => {
    const planned = planLayer(layer, shape, locateLayer(index, layer.type))
    layers.push(planned)
    shape = planned.outputShape
  })
  checkSoftmax(layers)
  return layers
}

interface PlacedTensors {
  readonly tensors: TensorDescription[]
  readonly byName: ReadonlyMap<string, PlacedTensor>
  readonly spans: { readonly parameters: BufferId; readonly gradients: BufferId } | null
  readonly parameters: number
}

/** Places parameters contiguously, then running state, then gradients in the order of the parameters. */
function placeTensors(
  layers: readonly PlannedLayer[],
  layout: ArenaLayout,
  training: boolean,
): PlacedTensors {
  const all = layers.flatMap((planned, index) =>
    planned.tensors.map((tensor) => ({ tensor, name: `layers.${index}.${tensor.name}` })),
  )
  const trainable = all.filter(({ tensor }) => tensor.trainable)
  const values = new Map<string, BufferId>()
  for (const { tensor, name } of trainable) values.set(name, layout.addFixed(name, 'parameter', tensor.shape))
  const parameterSpan =
    training && values.size > 0 ? layout.addSpan('parameters', 'parameter', [...values.values()]) : null
  for (const { tensor, name } of all) {
    if (!tensor.trainable) values.set(name, layout.addFixed(name, 'runningState', tensor.shape))
  }
  const gradients = new Map<string, BufferId>()
  if (parameterSpan !== null) {
    for (const { tensor, name } of trainable) {
      gradients.set(name, layout.addFixed(`${name}.gradient`, 'gradient', tensor.shape))
    }
  }
  const spans =
    parameterSpan === null
      ? null
      : {
          parameters: parameterSpan,
          gradients: layout.addSpan(gradientSpan, 'gradient', [...gradients.values()]),
        }

  const tensors: TensorDescription[] = []
  const byName = new Map<string, PlacedTensor>()
  for (const { tensor, name } of all) {
    const value = values.get(name)
    if (value === undefined) throw new Error(`the tensor ${name} was not placed`)
    const gradient = gradients.get(name) ?? null
    byName.set(name, { value, gradient })
    tensors.push({ name, shape: tensor.shape, buffer: value, gradient, initial: tensor.initial })
  }
  const parameters = trainable.reduce((sum, { tensor }) => sum + elementCount(tensor.shape), 0)
  return { tensors, byName, spans, parameters }
}

function emitLayers(
  layers: readonly PlannedLayer[],
  layout: ArenaLayout,
  placed: PlacedTensors,
  start: Signal,
  mode: { training: boolean; omitActivation: boolean },
): { emissions: Emission[]; end: Signal } {
  const emissions: Emission[] = []
  let input = start
  let learns = false
  layers.forEach((planned, index) => {
    learns ||= planned.tensors.some((tensor) => tensor.trainable)
    const emission = planned.emit({
      index,
      layout,
      input,
      training: mode.training,
      learns,
      omitActivation: mode.omitActivation && index === layers.length - 1,
      shiftCancelled: isShiftCancelled(layers.slice(index + 1)),
      tensor(name) {
        const tensor = placed.byName.get(`layers.${index}.${name}`)
        if (tensor === undefined) throw new Error(`layers[${index}] has no tensor ${name}`)
        return tensor
      },
    })
    emissions.push(emission)
    input = emission.output
  })
  return { emissions, end: input }
}

/** True when the next layer that does not preserve a per-channel shift is batch normalization. */
function isShiftCancelled(following: readonly PlannedLayer[]): boolean {
  const first = following.find(
    ({ layer, activation, keepsShift }) =>
      keepsShift !== true && !(layer.type === 'activation' && activation === 'linear'),
  )
  return first?.layer.type === 'batchNormalization'
}

/** Adds the last activation, which a loss from logits omits during training, to the prediction list. */
function prediction(
  end: BufferId,
  missing: Parameters<typeof activationOperation>[0],
  shape: Shape,
  layout: ArenaLayout,
): { operations: Operation[]; output: BufferId } {
  if (missing === 'linear') return { operations: [], output: end }
  const output = layout.addPerRow('output', 'activation', shape)
  return { operations: [activationOperation(missing, elementCount(shape), end, output)], output }
}

function summaries(layers: readonly PlannedLayer[], inputShape: Shape): LayerSummary[] {
  return layers.map((planned, index) => ({
    index,
    type: planned.layer.type,
    ...(planned.activation === null ? {} : { activation: planned.activation }),
    inputShape: [...(index === 0 ? inputShape : (layers[index - 1]?.outputShape ?? []))],
    outputShape: [...planned.outputShape],
    parameters: planned.tensors
      .filter((tensor) => tensor.trainable)
      .reduce((sum, tensor) => sum + elementCount(tensor.shape), 0),
  }))
}
