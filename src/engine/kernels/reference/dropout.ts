/** Inverted dropout (Srivastava et al. 2014, scaled in training), with the same random words on every backend. */
import type { OperationOf } from '../../operations.js'
import { streamKey, WordSequence } from '../../rng.js'
import { type Run, view } from './run.js'

export function dropoutForward(operation: OperationOf<'dropoutForward'>, run: Run): void {
  const { size, rate, layer } = operation.attributes
  const x = view(run, operation.operands.x)
  const mask = view(run, operation.operands.mask)
  const y = view(run, operation.operands.y)
  const threshold = Math.floor(rate * 0x1_0000_0000)
  const scale = 1 / (1 - rate)
  const words = new WordSequence(streamKey(run.seed, 'dropout', layer))
  for (let i = 0; i < run.rows * size; i++) {
    mask[i] = words.word(i, run.step % 0x1_0000_0000) < threshold ? 0 : scale
    y[i] = x[i] * mask[i]
  }
}

export function dropoutBackward(operation: OperationOf<'dropoutBackward'>, run: Run): void {
  const { size } = operation.attributes
  const mask = view(run, operation.operands.mask)
  const dy = view(run, operation.operands.dy)
  for (let i = 0; i < run.rows * size; i++) dy[i] = dy[i] * mask[i]
}
