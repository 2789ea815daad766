/** Batch normalization (Ioffe & Szegedy 2015) per channel; x (rows, channels, positions), n = rows · positions. */
import type { OperationOf } from '../../operations.js'
import { optionalView, type Run, view } from './run.js'

/** Calls `visit` with the offset of each value of one channel in the batch. */
function overChannel(
  sizes: { channels: number; positions: number },
  rows: number,
  channel: number,
  visit: (index: number) => void,
): void {
  for (let row = 0; row < rows; row++) {
    const start = (row * sizes.channels + channel) * sizes.positions
    for (let i = 0; i < sizes.positions; i++) visit(start + i)
  }
}

export function batchNormalizationForward(
  operation: OperationOf<'batchNormalizationForward'>,
  run: Run,
): void {
  const { operands, attributes } = operation
  const { momentum, epsilon } = attributes
  const x = view(run, operands.x)
  const y = view(run, operands.y)
  const gamma = view(run, operands.gamma)
  const beta = view(run, operands.beta)
  const means = view(run, operands.mean)
  const inverses = view(run, operands.inverse)
  const runningMean = view(run, operands.runningMean)
  const runningVariance = view(run, operands.runningVariance)
  const n = run.rows * attributes.positions
  for (let channel = 0; channel < attributes.channels; channel++) {
    let sum = 0
    overChannel(attributes, run.rows, channel, (i) => {
      sum += x[i]
    })
    const mean = sum / n
    let squares = 0
    overChannel(attributes, run.rows, channel, (i) => {
      squares += (x[i] - mean) ** 2
    })
    const inverse = 1 / Math.sqrt(squares / n + epsilon)
    means[channel] = mean
    inverses[channel] = inverse
    overChannel(attributes, run.rows, channel, (i) => {
      y[i] = gamma[channel] * (x[i] - mean) * inverse + beta[channel]
    })
    runningMean[channel] = momentum * runningMean[channel] + (1 - momentum) * mean
    if (n > 1) {
      runningVariance[channel] = momentum * runningVariance[channel] + ((1 - momentum) * squares) / (n - 1)
    }
  }
}

export function batchNormalizationInference(
  operation: OperationOf<'batchNormalizationInference'>,
  run: Run,
): void {
  const { operands, attributes } = operation
  const x = view(run, operands.x)
  const y = view(run, operands.y)
  const gamma = view(run, operands.gamma)
  const beta = view(run, operands.beta)
  const mean = view(run, operands.runningMean)
  const variance = view(run, operands.runningVariance)
  for (let channel = 0; channel < attributes.channels; channel++) {
    const scale = gamma[channel] / Math.sqrt(variance[channel] + attributes.epsilon)
    overChannel(attributes, run.rows, channel, (i) => {
      y[i] = scale * (x[i] - mean[channel]) + beta[channel]
    })
  }
}

export function batchNormalizationBackward(
  operation: OperationOf<'batchNormalizationBackward'>,
  run: Run,
): void {
  const { operands, attributes } = operation
  const x = view(run, operands.x)
  const gamma = view(run, operands.gamma)
  const means = view(run, operands.mean)
  const inverses = view(run, operands.inverse)
  const dy = view(run, operands.dy)
  const dGamma = view(run, operands.dGamma)
  const dBeta = view(run, operands.dBeta)
  const dx = optionalView(run, operands.dx)
  const n = run.rows * attributes.positions
  for (let channel = 0; channel < attributes.channels; channel++) {
    const mean = means[channel]
    const inverse = inverses[channel]
    let shift = 0
    let scale = 0
    overChannel(attributes, run.rows, channel, (i) => {
      shift += dy[i]
      scale += dy[i] * (x[i] - mean) * inverse
    })
    dBeta[channel] = shift
    dGamma[channel] = scale
    if (dx === null) continue
    const factor = gamma[channel] * inverse
    overChannel(attributes, run.rows, channel, (i) => {
      const normalized = (x[i] - mean) * inverse
      dx[i] = factor * (dy[i] - shift / n - (normalized * scale) / n)
    })
  }
}
