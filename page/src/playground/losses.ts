/** The losses of the network that is shown, over the rows of each part. */
import type { PlaygroundRows } from './data.js'
import { meanLoss, type SmallNetwork } from './network.js'

const parts = ['training', 'validation', 'test'] as const
export type Part = (typeof parts)[number]

/** The part of each row that is held out, by its number. */
export type HeldOut = ReadonlyMap<number, Part>

/** Inputs and targets as the network has them. */
export interface LabelledRows {
  inputs: number[][]
  targets: number[][]
}

export function labelledRows({ points, samples, classes }: PlaygroundRows): LabelledRows {
  if (samples.length > 0) return { inputs: samples.map(({ x }) => [x]), targets: samples.map(({ y }) => [y]) }
  return {
    inputs: points.map(({ x, y }) => [x, y]),
    targets: points.map(({ classIndex }) =>
      classes > 2
        ? Array.from({ length: classes }, (_, each) => (each === classIndex ? 1 : 0))
        : [classIndex],
    ),
  }
}

/** The rows of one part, in their order. */
export function selectPart({ inputs, targets }: LabelledRows, heldOut: HeldOut, part: Part): LabelledRows {
  const isChosen = (_: unknown, row: number) => (heldOut.get(row) ?? 'training') === part
  return { inputs: inputs.filter(isChosen), targets: targets.filter(isChosen) }
}

/** The mean loss of each part that has rows. */
export function partLosses(network: SmallNetwork, rows: LabelledRows, heldOut: HeldOut): [Part, number][] {
  return parts.flatMap((part): [Part, number][] => {
    const { inputs, targets } = selectPart(rows, heldOut, part)
    return inputs.length === 0 ? [] : [[part, meanLoss(network, inputs, targets)]]
  })
}
