/** A network as the steps of a prediction, with all sizes, paddings and names of tensors. */
import {
  compilePrediction,
  type ElementActivation,
  elementCount,
  type Operation,
  type OperationOf,
} from '../engine/index.js'
import type { ExportableModel } from './exporter.js'

type Sizes<Name extends Operation['op']> = Omit<OperationOf<Name>['attributes'], 'activation'>

interface Product {
  weight: string
  bias: string | null
}

/** Reads an array of float32 and writes another one. Activations are separate steps. */
export type NetworkStep =
  | (Product & { type: 'dense'; sizes: Sizes<'denseForward'> })
  | (Product & { type: 'convolution'; sizes: Sizes<'convolutionForward'> })
  | (Product & { type: 'locallyConnected'; sizes: Sizes<'locallyConnectedForward'> })
  | { type: 'maxPooling' | 'averagePooling'; sizes: Sizes<'maxPoolingForward'> }
  | {
      type: 'batchNormalization'
      sizes: Sizes<'batchNormalizationInference'>
      tensors: { gamma: string; beta: string; mean: string; variance: string }
    }
  /** May write into the array that it reads. */
  | { type: 'activation'; sizes: { size: number }; activation: ElementActivation | 'softmax' }

export type StepOf<Type extends NetworkStep['type']> = Extract<NetworkStep, { type: Type }>

export interface NetworkSteps {
  inputs: number
  outputs: number
  steps: NetworkStep[]
}

/** The forward pass as the engine compiles it. Layers that compute nothing in predictions have no steps. */
export function networkSteps({ network }: Pick<ExportableModel, 'network'>): NetworkSteps {
  const program = compilePrediction(network, 1)
  const names = new Map(program.tensors.map(({ buffer, name }) => [buffer, name]))
  const tensorName = (buffer: number) => {
    const name = names.get(buffer)
    if (name === undefined) throw new Error(`buffer ${buffer} is not a tensor`)
    return name
  }
  return {
    inputs: elementCount(program.network.inputShape),
    outputs: elementCount(program.outputShape),
    steps: program.lists.prediction.flatMap((operation) => toSteps(operation, tensorName)),
  }
}

function toSteps(operation: Operation, tensorName: (buffer: number) => string): NetworkStep[] {
  switch (operation.op) {
    case 'denseForward':
    case 'convolutionForward':
    case 'locallyConnectedForward':
      return productSteps(operation, tensorName)
    case 'maxPoolingForward':
      return [{ type: 'maxPooling', sizes: operation.attributes }]
    case 'averagePoolingForward':
      return [{ type: 'averagePooling', sizes: operation.attributes }]
    case 'batchNormalizationInference': {
      const { gamma, beta, runningMean, runningVariance } = operation.operands
      const tensors = {
        gamma: tensorName(gamma),
        beta: tensorName(beta),
        mean: tensorName(runningMean),
        variance: tensorName(runningVariance),
      }
      return [{ type: 'batchNormalization', sizes: operation.attributes, tensors }]
    }
    case 'activationForward': {
      const { activation, size } = operation.attributes
      return activationSteps(activation, size)
    }
    case 'softmaxForward':
      return activationSteps('softmax', operation.attributes.size)
    default:
      throw new Error(`${operation.op} is not part of a prediction`)
  }
}

type ProductOperation = OperationOf<'denseForward' | 'convolutionForward' | 'locallyConnectedForward'>

function productSteps(operation: ProductOperation, tensorName: (buffer: number) => string): NetworkStep[] {
  const { weight, bias } = operation.operands
  const step = productStep(operation, {
    weight: tensorName(weight),
    bias: bias === null ? null : tensorName(bias),
  })
  return [step, ...activationSteps(operation.attributes.activation, outputSize(step))]
}

function productStep(operation: ProductOperation, names: Product): NetworkStep {
  switch (operation.op) {
    case 'denseForward': {
      const { activation, ...sizes } = operation.attributes
      return { type: 'dense', sizes, ...names }
    }
    case 'convolutionForward': {
      const { activation, ...sizes } = operation.attributes
      return { type: 'convolution', sizes, ...names }
    }
    case 'locallyConnectedForward': {
      const { activation, ...sizes } = operation.attributes
      return { type: 'locallyConnected', sizes, ...names }
    }
    default:
      return operation satisfies never
  }
}

function activationSteps(activation: ElementActivation | 'softmax', size: number): NetworkStep[] {
  return activation === 'linear' ? [] : [{ type: 'activation', sizes: { size }, activation }]
}

/** Numbers that a step writes. */
export function outputSize(step: NetworkStep): number {
  switch (step.type) {
    case 'dense':
      return step.sizes.units
    case 'convolution':
    case 'locallyConnected':
      return step.sizes.filters * step.sizes.outputHeight * step.sizes.outputWidth
    case 'maxPooling':
    case 'averagePooling':
      return step.sizes.channels * step.sizes.outputHeight * step.sizes.outputWidth
    case 'batchNormalization':
      return step.sizes.channels * step.sizes.positions
    case 'activation':
      return step.sizes.size
    default:
      return step satisfies never
  }
}
