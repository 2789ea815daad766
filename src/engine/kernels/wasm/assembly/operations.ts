/** Runs encoded operations. */
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
import { setArena } from './words'
import {
  ActivationBackward,
  ActivationForward,
  AdagradUpdate,
  AdamUpdate,
  AveragePoolingBackward,
  AveragePoolingForward,
  BatchNormalizationBackward,
  BatchNormalizationForward,
  BatchNormalizationInference,
  ClipGradients,
  ConvolutionBackwardInput,
  ConvolutionBackwardWeights,
  ConvolutionForward,
  DecayWeights,
  DenseBackwardInput,
  DenseBackwardWeights,
  DenseForward,
  DropoutBackward,
  DropoutForward,
  LocallyConnectedBackwardInput,
  LocallyConnectedBackwardWeights,
  LocallyConnectedForward,
  Loss,
  MaxPoolingBackward,
  MaxPoolingForward,
  RmspropUpdate,
  SgdUpdate,
  SoftmaxBackward,
  SoftmaxForward,
  WeightedLoss,
  Weighting,
} from './generated/operations'

/** Runtime values; an instance of the module runs one list at a time. */
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
  setArena(arenaAddress)
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
function sizes(words: usize, index: usize): Sizes {
  return changetype<Sizes>(words + 8 + (index << 2))
}

/** Runs the operations between two addresses. */
export function runOperations(from: usize, end: usize): void {
  for (let w = from; w < end; w += (<usize>load<i32>(w, 4)) << 2) {
    switch (load<i32>(w)) {
      case DenseForward.code:
        denseForward(
          DenseForward.x(w), DenseForward.weight(w), DenseForward.bias(w), DenseForward.y(w), DenseForward.z(w),
          rows, DenseForward.inputs(w), DenseForward.units(w), DenseForward.activation(w), scratch,
        )
        break
      case DenseBackwardWeights.code:
        denseBackwardWeights(
          DenseBackwardWeights.x(w), DenseBackwardWeights.dz(w), DenseBackwardWeights.dWeight(w),
          DenseBackwardWeights.dBias(w), rows, DenseBackwardWeights.inputs(w), DenseBackwardWeights.units(w),
          scratch,
        )
        break
      case DenseBackwardInput.code:
        denseBackwardInput(
          DenseBackwardInput.dz(w), DenseBackwardInput.weight(w), DenseBackwardInput.dx(w), rows,
          DenseBackwardInput.inputs(w), DenseBackwardInput.units(w), scratch,
        )
        break
      case ActivationForward.code:
        activate(
          ActivationForward.activation(w), ActivationForward.x(w), ActivationForward.y(w),
          rows * ActivationForward.size(w),
        )
        break
      case ActivationBackward.code:
        activateBackward(
          ActivationBackward.activation(w), ActivationBackward.source(w), ActivationBackward.dy(w),
          rows * ActivationBackward.size(w),
        )
        break
      case SoftmaxForward.code:
        softmaxForward(SoftmaxForward.x(w), SoftmaxForward.y(w), rows, SoftmaxForward.size(w))
        break
      case SoftmaxBackward.code:
        softmaxBackward(SoftmaxBackward.y(w), SoftmaxBackward.dy(w), rows, SoftmaxBackward.size(w))
        break
      case ConvolutionForward.code:
        convolutionForward(
          ConvolutionForward.x(w), ConvolutionForward.weight(w), ConvolutionForward.bias(w), ConvolutionForward.y(w),
          ConvolutionForward.z(w), rows, sizes(w, ConvolutionForward.firstAttribute),
          ConvolutionForward.activation(w), scratch, operationScratch,
        )
        break
      case ConvolutionBackwardWeights.code:
        convolutionBackwardWeights(
          ConvolutionBackwardWeights.x(w), ConvolutionBackwardWeights.dz(w), ConvolutionBackwardWeights.dWeight(w),
          ConvolutionBackwardWeights.dBias(w), rows, sizes(w, ConvolutionBackwardWeights.firstAttribute), scratch,
          operationScratch,
        )
        break
      case ConvolutionBackwardInput.code:
        convolutionBackwardInput(
          ConvolutionBackwardInput.dz(w), ConvolutionBackwardInput.weight(w), ConvolutionBackwardInput.dx(w), rows,
          sizes(w, ConvolutionBackwardInput.firstAttribute), scratch, operationScratch,
        )
        break
      case LocallyConnectedForward.code:
        localForward(
          LocallyConnectedForward.x(w), LocallyConnectedForward.weight(w), LocallyConnectedForward.bias(w),
          LocallyConnectedForward.y(w), LocallyConnectedForward.z(w), rows,
          sizes(w, LocallyConnectedForward.firstAttribute), LocallyConnectedForward.activation(w), scratch,
          operationScratch,
        )
        break
      case LocallyConnectedBackwardWeights.code:
        localBackwardWeights(
          LocallyConnectedBackwardWeights.x(w), LocallyConnectedBackwardWeights.dz(w),
          LocallyConnectedBackwardWeights.dWeight(w), LocallyConnectedBackwardWeights.dBias(w), rows,
          sizes(w, LocallyConnectedBackwardWeights.firstAttribute), scratch, operationScratch,
        )
        break
      case LocallyConnectedBackwardInput.code:
        localBackwardInput(
          LocallyConnectedBackwardInput.dz(w), LocallyConnectedBackwardInput.weight(w),
          LocallyConnectedBackwardInput.dx(w), rows, sizes(w, LocallyConnectedBackwardInput.firstAttribute), scratch,
          operationScratch,
        )
        break
      case MaxPoolingForward.code:
        maxPoolingForward(
          MaxPoolingForward.x(w), MaxPoolingForward.y(w), rows * MaxPoolingForward.channels(w),
          MaxPoolingForward.height(w), MaxPoolingForward.width(w), MaxPoolingForward.kernelHeight(w),
          MaxPoolingForward.kernelWidth(w), MaxPoolingForward.strideY(w), MaxPoolingForward.strideX(w),
          MaxPoolingForward.outputHeight(w), MaxPoolingForward.outputWidth(w),
        )
        break
      case MaxPoolingBackward.code:
        maxPoolingBackward(
          MaxPoolingBackward.x(w), MaxPoolingBackward.y(w), MaxPoolingBackward.dy(w), MaxPoolingBackward.dx(w),
          rows * MaxPoolingBackward.channels(w), MaxPoolingBackward.height(w), MaxPoolingBackward.width(w),
          MaxPoolingBackward.kernelHeight(w), MaxPoolingBackward.kernelWidth(w), MaxPoolingBackward.strideY(w),
          MaxPoolingBackward.strideX(w), MaxPoolingBackward.outputHeight(w), MaxPoolingBackward.outputWidth(w),
        )
        break
      case AveragePoolingForward.code:
        averagePoolingForward(
          AveragePoolingForward.x(w), AveragePoolingForward.y(w), rows * AveragePoolingForward.channels(w),
          AveragePoolingForward.height(w), AveragePoolingForward.width(w), AveragePoolingForward.kernelHeight(w),
          AveragePoolingForward.kernelWidth(w), AveragePoolingForward.strideY(w), AveragePoolingForward.strideX(w),
          AveragePoolingForward.outputHeight(w), AveragePoolingForward.outputWidth(w),
        )
        break
      case AveragePoolingBackward.code:
        averagePoolingBackward(
          AveragePoolingBackward.dy(w), AveragePoolingBackward.dx(w), rows * AveragePoolingBackward.channels(w),
          AveragePoolingBackward.height(w), AveragePoolingBackward.width(w), AveragePoolingBackward.kernelHeight(w),
          AveragePoolingBackward.kernelWidth(w), AveragePoolingBackward.strideY(w),
          AveragePoolingBackward.strideX(w), AveragePoolingBackward.outputHeight(w),
          AveragePoolingBackward.outputWidth(w),
        )
        break
      case BatchNormalizationForward.code:
        normalizationForward(
          BatchNormalizationForward.x(w), BatchNormalizationForward.gamma(w), BatchNormalizationForward.beta(w),
          BatchNormalizationForward.mean(w), BatchNormalizationForward.inverse(w),
          BatchNormalizationForward.runningMean(w), BatchNormalizationForward.runningVariance(w),
          BatchNormalizationForward.y(w), rows, BatchNormalizationForward.channels(w),
          BatchNormalizationForward.positions(w), BatchNormalizationForward.momentum(w),
          BatchNormalizationForward.epsilon(w),
        )
        break
      case BatchNormalizationInference.code:
        normalizationInference(
          BatchNormalizationInference.x(w), BatchNormalizationInference.gamma(w),
          BatchNormalizationInference.beta(w), BatchNormalizationInference.runningMean(w),
          BatchNormalizationInference.runningVariance(w), BatchNormalizationInference.y(w), rows,
          BatchNormalizationInference.channels(w), BatchNormalizationInference.positions(w),
          BatchNormalizationInference.epsilon(w),
        )
        break
      case BatchNormalizationBackward.code:
        normalizationBackward(
          BatchNormalizationBackward.x(w), BatchNormalizationBackward.gamma(w), BatchNormalizationBackward.mean(w),
          BatchNormalizationBackward.inverse(w), BatchNormalizationBackward.dy(w),
          BatchNormalizationBackward.dGamma(w), BatchNormalizationBackward.dBeta(w),
          BatchNormalizationBackward.dx(w), rows, BatchNormalizationBackward.channels(w),
          BatchNormalizationBackward.positions(w),
        )
        break
      case DropoutForward.code:
        dropoutForward(
          DropoutForward.x(w), DropoutForward.mask(w), DropoutForward.y(w), rows * DropoutForward.size(w),
          DropoutForward.rate(w), dropoutLow, dropoutHigh | (DropoutForward.layer(w) << 24), <i32>trainingStep,
          scratch,
        )
        break
      case DropoutBackward.code:
        dropoutBackward(DropoutBackward.mask(w), DropoutBackward.dy(w), rows * DropoutBackward.size(w))
        break
      case Loss.code:
        lossSum += lossForward(
          Loss.loss(w), Loss.output(w), Loss.target(w), Loss.gradient(w), rows, Loss.outputs(w), operationScratch,
          false,
        )
        right += <f64>rightAnswers(Loss.accuracy(w), Loss.output(w), Loss.target(w), rows, Loss.outputs(w))
        break
      case ClipGradients.code:
        clipGradients(ClipGradients.gradients(w), ClipGradients.count(w), ClipGradients.limit(w))
        break
      case SgdUpdate.code:
        sgdUpdate(
          SgdUpdate.parameters(w), SgdUpdate.gradients(w), SgdUpdate.velocity(w), SgdUpdate.count(w),
          <f32>learningRate, <f32>SgdUpdate.momentum(w), SgdUpdate.nesterov(w), <f32>SgdUpdate.weightDecay(w),
        )
        break
      case AdamUpdate.code:
        adamUpdate(
          AdamUpdate.parameters(w), AdamUpdate.gradients(w), AdamUpdate.firstMoment(w), AdamUpdate.secondMoment(w),
          AdamUpdate.count(w), learningRate, AdamUpdate.beta1(w), AdamUpdate.beta2(w), AdamUpdate.epsilon(w),
          AdamUpdate.biasCorrection(w), AdamUpdate.weightDecay(w), trainingStep + 1,
        )
        break
      case RmspropUpdate.code:
        scaledUpdate(
          RmspropUpdate.parameters(w), RmspropUpdate.gradients(w), RmspropUpdate.meanSquare(w),
          RmspropUpdate.count(w), learningRate, RmspropUpdate.rho(w), 1 - RmspropUpdate.rho(w),
          RmspropUpdate.epsilon(w),
        )
        break
      case AdagradUpdate.code:
        scaledUpdate(
          AdagradUpdate.parameters(w), AdagradUpdate.gradients(w), AdagradUpdate.sumOfSquares(w),
          AdagradUpdate.count(w), learningRate, 1, 1, AdagradUpdate.epsilon(w),
        )
        break
      case DecayWeights.code:
        decayWeights(
          DecayWeights.parameters(w), DecayWeights.gradients(w), DecayWeights.to(w), DecayWeights.count(w),
          <f32>DecayWeights.weightDecay(w), <f32>DecayWeights.l1(w),
        )
        break
      case WeightedLoss.code:
        lossSum += weightedLoss(
          WeightedLoss.loss(w), WeightedLoss.output(w), WeightedLoss.target(w), WeightedLoss.gradient(w), rows,
          WeightedLoss.outputs(w), WeightedLoss.weighting(w) == Weighting.sum, operationScratch,
        )
        right += <f64>weightedAnswers(
          WeightedLoss.accuracy(w), WeightedLoss.output(w), WeightedLoss.target(w), rows, WeightedLoss.outputs(w),
        )
        break
      default:
        unreachable()
    }
  }
}
