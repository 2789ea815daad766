/** A convolution is equivariant to shifts: when its input shifts, its output shifts. A dense layer is not. */
import { drawSignal } from './chart.js'
import { dense, outputsOf, train } from './training.js'

const length = 20
const kernel = 3

export interface Shifts {
  parameters: { convolution: number; dense: number }
  /** For each position of the bump: the signal, and the outputs of both networks. */
  places: { signal: number[]; wanted: number[]; convolution: number[]; dense: number[] }[]
}

/** The target of both networks: the difference of the two neighbours, an edge detector. */
function edges(signal: readonly number[]): number[] {
  return Array.from({ length: length - kernel + 1 }, (_, index) => signal[index + 2] - signal[index])
}

/** A small bump centred at `place`. */
function bumpAt(position: number): number[] {
  return Array.from({ length }, (_, index) => Math.max(0, 1 - Math.abs(index - position) / 3))
}

/** Trains both networks on bumps in the left half of the signal, then tests them on bumps at all positions. */
export async function shiftSignals(url: string): Promise<Shifts> {
  const seen = Array.from({ length: 25 }, (_, index) => bumpAt(3 + index / 6))
  const job = {
    dataset: { x: seen, y: seen.map(edges) },
    loss: 'meanSquaredError',
    optimizer: { type: 'adam', learningRate: 0.05 },
    epochs: 400,
    batchSize: 'full',
    seed: 1,
  } as const
  const [convolution, full] = await Promise.all([
    train(url, {
      ...job,
      name: 'shift, convolution',
      network: {
        inputShape: [1, length],
        layers: [{ type: 'conv1d', filters: 1, kernelSize: kernel }, { type: 'flatten' }],
      },
    }),
    train(url, {
      ...job,
      name: 'shift, dense',
      network: { layers: [dense(length - kernel + 1, 'linear')] },
    }),
  ])
  const signals = Array.from({ length: 8 }, (_, index) => bumpAt(4 + index * 1.5))
  const [convolved, transformed] = await Promise.all([
    outputsOf(url, convolution.modelId, signals),
    outputsOf(url, full.modelId, signals),
  ])
  return {
    parameters: { convolution: convolution.job.parameters, dense: full.job.parameters },
    places: signals.map((signal, index) => ({
      signal,
      wanted: edges(signal),
      convolution: convolved[index],
      dense: transformed[index],
    })),
  }
}

export async function show(url: string): Promise<void> {
  const { parameters, places } = await shiftSignals(url)
  console.log('Both networks learned to detect edges from bumps in the left half.')
  console.log(
    `  convolution: ${parameters.convolution} parameters   dense layer: ${parameters.dense} parameters\n`,
  )
  const centred = (values: readonly number[]) => drawSignal(values.map((value) => value / 1.5 + 0.5))
  console.log(`  ${'input'.padEnd(length)}   ${'convolution'.padEnd(length - 2)}   dense layer`)
  for (const { signal, convolution, dense } of places) {
    console.log(`  ${drawSignal(signal)}   ${centred(convolution)}   ${centred(dense)}`)
  }
}
