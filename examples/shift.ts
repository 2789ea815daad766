/** A convolution is equivariant to shifts: when its input shifts, its output shifts. A dense layer is not. */
import { drawSignal } from './chart.js'
import { edges, signalLength as length, shiftJobs, testSignals } from './lecture/shift.js'
import { predictOutputs, train } from './training.js'

export interface Shifts {
  parameters: { convolution: number; dense: number }
  /** For each position of the bump: the signal, and the outputs of both networks. */
  signals: { signal: number[]; target: number[]; convolution: number[]; dense: number[] }[]
}

/** Trains both networks on bumps in the left half of the signal, then tests them on bumps at all positions. */
export async function shiftSignals(url: string): Promise<Shifts> {
  const [convolution, dense] = await Promise.all([
    train(url, shiftJobs.convolution),
    train(url, shiftJobs.dense),
  ])
  const [convolved, transformed] = await Promise.all([
    predictOutputs(url, convolution.modelId, testSignals),
    predictOutputs(url, dense.modelId, testSignals),
  ])
  return {
    parameters: { convolution: convolution.job.parameters, dense: dense.job.parameters },
    signals: testSignals.map((signal, index) => ({
      signal,
      target: edges(signal),
      convolution: convolved[index],
      dense: transformed[index],
    })),
  }
}

export async function show(url: string): Promise<void> {
  const { parameters, signals } = await shiftSignals(url)
  console.log('Both networks learned to detect edges from bumps in the left half.')
  console.log(
    `  convolution: ${parameters.convolution} parameters   dense layer: ${parameters.dense} parameters\n`,
  )
  const centred = (values: readonly number[]) => drawSignal(values.map((value) => value / 1.5 + 0.5))
  console.log(`  ${'input'.padEnd(length)}   ${'convolution'.padEnd(length - 2)}   dense layer`)
  for (const { signal, convolution, dense } of signals) {
    console.log(`  ${drawSignal(signal)}   ${centred(convolution)}   ${centred(dense)}`)
  }
}
