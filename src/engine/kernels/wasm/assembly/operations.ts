/** Runs encoded operations, each [code, words, operands…, attributes…] in the order of the catalogue. */
import { activate, activateBackward } from './activations'
import { convolutionBackwardInput, convolutionForward } from './convolution'
import { Sizes } from './convolution-image'
import { convolutionBackwardWeights } from './convolution-weights'
import { denseBackwardInput, denseBackwardWeights, denseForward } from './dense'
import { localBackwardInput, localBackwardWeights, localForward } from './locally-connected'
import { lossForward, rightAnswers, weightedAnswers, weightedLoss } from './loss'
import { normalizationBackward, normalizationForward, normalizationInference } from './normalization'
import { adamUpdate, clipGradients, decayWeights, scaledUpdate, sgdUpdate } from './optimizers'
import { averagePoolingBackward, averagePoolingForward, maxPoolingBackward, maxPoolingForward } from './pooling'
import { dropoutBackward, dropoutForward } from './random'
import { softmaxBackward, softmaxForward } from './softmax'

/** Runtime values; an instance of the module runs one list at a time. */
export let arena: usize = 0
export let scratch: usize = 0
export let operationScratch: usize = 0
export let rows: i32 = 0
export let learningRate: f64 = 0
/** Number of training steps before this one. */
export let trainingStep: u64 = 0
export let dropoutLow: i32 = 0
export let dropoutHigh: i32 = 0
/** Accumulators of the loss operation. */
export let lossSum: f64 = 0
export let right: f64 = 0

export function place(arenaAddress: usize, scratchAddress: usize, operationScratchAddress: usize): void {
  arena = arenaAddress
  scratch = scratchAddress
  operationScratch = operationScratchAddress
}

export function seedDropout(low: i32, high: i32): void {
  dropoutLow = low
  dropoutHigh = high
}

export function setStep(rate: f64, step: u64): void {
  learningRate = rate
  trainingStep = step
}

export function setRows(count: i32): void {
  rows = count
}

export function setSums(loss: f64, answers: f64): void {
  lossSum = loss
  right = answers
}

// @ts-ignore: decorator
@inline
export function integer(words: usize, index: usize): i32 {
  return load<i32>(words + 8 + (index << 2))
}

// @ts-ignore: decorator
@inline
export function real(words: usize, index: usize): f64 {
  return load<f64>(words + 8 + (index << 2))
}

// @ts-ignore: decorator
@inline
export function operand(words: usize, index: usize): usize {
  return arena + ((<usize>load<i32>(words + 8 + (index << 2))) << 2)
}

// @ts-ignore: decorator
@inline
export function optional(words: usize, index: usize): usize {
  const offset = load<i32>(words + 8 + (index << 2))
  return offset < 0 ? 0 : arena + ((<usize>offset) << 2)
}

// @ts-ignore: decorator
@inline
function sizes(words: usize, index: usize): Sizes {
  return changetype<Sizes>(words + 8 + (index << 2))
}

/** Runs the operations between two addresses. */
export function runOperations(from: usize, end: usize): void {
  for (let w = from; w < end; w += (<usize>load<i32>(w, 4)) << 2) {
    switch (load<i32>(w)) {
      case 1:
        denseForward(operand(w, 0), operand(w, 1), optional(w, 2), operand(w, 3), optional(w, 4), rows, integer(w, 5), integer(w, 6), integer(w, 7), scratch)
        break
      case 2:
        denseBackwardWeights(operand(w, 0), operand(w, 1), operand(w, 2), optional(w, 3), rows, integer(w, 4), integer(w, 5), scratch)
        break
      case 3:
        denseBackwardInput(operand(w, 0), operand(w, 1), operand(w, 2), rows, integer(w, 3), integer(w, 4), scratch)
        break
      case 4:
        activate(integer(w, 3), operand(w, 0), operand(w, 1), rows * integer(w, 2))
        break
      case 5:
        activateBackward(integer(w, 3), operand(w, 0), operand(w, 1), rows * integer(w, 2))
        break
      case 6:
        softmaxForward(operand(w, 0), operand(w, 1), rows, integer(w, 2))
        break
      case 7:
        softmaxBackward(operand(w, 0), operand(w, 1), rows, integer(w, 2))
        break
      case 8:
        convolutionForward(operand(w, 0), operand(w, 1), optional(w, 2), operand(w, 3), optional(w, 4), rows, sizes(w, 5), integer(w, 17), scratch, operationScratch)
        break
      case 9:
        convolutionBackwardWeights(operand(w, 0), operand(w, 1), operand(w, 2), optional(w, 3), rows, sizes(w, 4), scratch, operationScratch)
        break
      case 10:
        convolutionBackwardInput(operand(w, 0), operand(w, 1), operand(w, 2), rows, sizes(w, 3), scratch, operationScratch)
        break
      case 11:
        localForward(
          operand(w, 0), operand(w, 1), optional(w, 2), operand(w, 3), optional(w, 4), rows, integer(w, 5), integer(w, 6),
          integer(w, 7), integer(w, 8), integer(w, 9), integer(w, 10), integer(w, 11), scratch, operationScratch,
        )
        break
      case 12:
        localBackwardWeights(
          operand(w, 0), operand(w, 1), operand(w, 2), optional(w, 3), rows, integer(w, 4), integer(w, 5), integer(w, 6),
          integer(w, 7), integer(w, 8), integer(w, 9), scratch, operationScratch,
        )
        break
      case 13:
        localBackwardInput(
          operand(w, 0), operand(w, 1), operand(w, 2), rows, integer(w, 3), integer(w, 4), integer(w, 5), integer(w, 6),
          integer(w, 7), integer(w, 8), scratch, operationScratch,
        )
        break
      case 14:
        maxPoolingForward(
          operand(w, 0), operand(w, 1), rows * integer(w, 2), integer(w, 3), integer(w, 4), integer(w, 5), integer(w, 6),
          integer(w, 7), integer(w, 8), integer(w, 9), integer(w, 10),
        )
        break
      case 15:
        maxPoolingBackward(
          operand(w, 0), operand(w, 1), operand(w, 2), operand(w, 3), rows * integer(w, 4), integer(w, 5), integer(w, 6),
          integer(w, 7), integer(w, 8), integer(w, 9), integer(w, 10), integer(w, 11), integer(w, 12),
        )
        break
      case 16:
        averagePoolingForward(
          operand(w, 0), operand(w, 1), rows * integer(w, 2), integer(w, 3), integer(w, 4), integer(w, 5), integer(w, 6),
          integer(w, 7), integer(w, 8), integer(w, 9), integer(w, 10),
        )
        break
      case 17:
        averagePoolingBackward(
          operand(w, 0), operand(w, 1), rows * integer(w, 2), integer(w, 3), integer(w, 4), integer(w, 5), integer(w, 6),
          integer(w, 7), integer(w, 8), integer(w, 9), integer(w, 10),
        )
        break
      case 18:
        normalizationForward(
          operand(w, 0), operand(w, 1), operand(w, 2), operand(w, 3), operand(w, 4), operand(w, 5), operand(w, 6), operand(w, 7),
          rows, integer(w, 8), integer(w, 9), real(w, 10), real(w, 12),
        )
        break
      case 19:
        normalizationInference(
          operand(w, 0), operand(w, 1), operand(w, 2), operand(w, 3), operand(w, 4), operand(w, 5), rows, integer(w, 6),
          integer(w, 7), real(w, 8),
        )
        break
      case 20:
        normalizationBackward(
          operand(w, 0), operand(w, 1), operand(w, 2), operand(w, 3), operand(w, 4), operand(w, 5), operand(w, 6), optional(w, 7),
          rows, integer(w, 8), integer(w, 9),
        )
        break
      case 21:
        dropoutForward(
          operand(w, 0), operand(w, 1), operand(w, 2), rows * integer(w, 3), real(w, 4), dropoutLow,
          dropoutHigh | (integer(w, 6) << 24), <i32>trainingStep, scratch,
        )
        break
      case 22:
        dropoutBackward(operand(w, 0), operand(w, 1), rows * integer(w, 2))
        break
      case 23:
        lossSum += lossForward(integer(w, 4), operand(w, 0), operand(w, 1), optional(w, 2), rows, integer(w, 3), operationScratch, false)
        right += <f64>rightAnswers(integer(w, 5), operand(w, 0), operand(w, 1), rows, integer(w, 3))
        break
      case 24:
        clipGradients(operand(w, 0), integer(w, 1), real(w, 2))
        break
      case 25:
        sgdUpdate(
          operand(w, 0), operand(w, 1), optional(w, 2), integer(w, 3), <f32>learningRate, <f32>real(w, 4), integer(w, 6) != 0,
          <f32>real(w, 7),
        )
        break
      case 26:
        adamUpdate(
          operand(w, 0), operand(w, 1), operand(w, 2), operand(w, 3), integer(w, 4), learningRate, real(w, 5), real(w, 7),
          real(w, 9), integer(w, 11) != 0, real(w, 12), trainingStep + 1,
        )
        break
      case 27:
        scaledUpdate(
          operand(w, 0), operand(w, 1), operand(w, 2), integer(w, 3), learningRate, real(w, 4), 1 - real(w, 4), real(w, 6),
        )
        break
      case 28:
        scaledUpdate(operand(w, 0), operand(w, 1), operand(w, 2), integer(w, 3), learningRate, 1, 1, real(w, 4))
        break
      case 29:
        decayWeights(operand(w, 0), operand(w, 1), operand(w, 2), integer(w, 3), <f32>real(w, 4))
        break
      case 30:
        lossSum += weightedLoss(integer(w, 5), operand(w, 0), operand(w, 1), optional(w, 2), rows, integer(w, 3), integer(w, 7) == 1, operationScratch)
        right += <f64>weightedAnswers(integer(w, 6), operand(w, 0), operand(w, 1), rows, integer(w, 3))
        break
      default:
        unreachable()
    }
  }
}
