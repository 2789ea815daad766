/** Small trainings for tests: a spec with its defaults, data of the right size, a program over both. */

import type { z } from 'zod'
import { trainingSchema } from '../../src/contract/network.js'
import { compile, Dataset, outputShape, type Program } from '../../src/engine/index.js'

export type SpecInput = z.input<typeof trainingSchema>

/** Deterministic numbers without an obvious pattern: sines of a running index. */
export function wave(length: number, phase: number): number[] {
  return Array.from({ length }, (_, i) => Math.sin(12.9898 * (i + 1) + 78.233 * phase) * 1.5)
}

/** Targets that suit the loss: one-hot for categories, 0 and 1 for two classes, else any numbers. */
function targetsFor(loss: SpecInput['loss'], rows: number, width: number): number[] {
  switch (loss) {
    case 'categoricalCrossentropy':
      return Array.from({ length: rows * width }, (_, i) => {
        const row = Math.floor(i / width)
        return i % width === (row * 7 + 3) % width ? 1 : 0
      })
    case 'binaryCrossentropy':
    case 'hinge':
    case 'perceptron':
      return Array.from({ length: rows * width }, (_, i) => ((i * 5 + 1) % 3 === 0 ? 1 : 0))
    default:
      return wave(rows * width, 5)
  }
}

/** Weights of rows that differ, some of them 0. */
export function weightsFor(rows: number): number[] {
  return Array.from({ length: rows }, (_, i) => ((i * 3) % 7) / 2)
}

export interface TrainingCase {
  readonly program: Program
  readonly x: number[]
  /** Rows as in the dataset. If rows are weighted, each is followed by its weight. */
  readonly y: number[]
  dataset(): Dataset
}

/** The first `rows` rows train, `validationRows` more validate. @param weights one for each row; null: none. */
export function trainingCase(
  input: SpecInput,
  rows: number,
  validationRows = 0,
  weights: readonly number[] | null = null,
): TrainingCase {
  const spec = trainingSchema.parse(input)
  const inputShape = spec.network.inputShape ?? [1]
  const features = inputShape.reduce((product, size) => product * size, 1)
  const targetWidth = outputShape(spec.network, inputShape).reduce((product, size) => product * size, 1)
  const all = rows + validationRows
  const x = wave(all * features, 1)
  const targets = targetsFor(spec.loss, all, targetWidth)
  const weighted = weights !== null
  const program = compile(spec, { inputShape, targetWidth, trainingRows: rows, validationRows, weighted })
  const parts = {
    training: Int32Array.from({ length: rows }, (_, i) => i),
    validation: Int32Array.from({ length: validationRows }, (_, i) => rows + i),
  }
  const dataset = () => Dataset.from(x, targets, parts, weights ?? undefined)
  const y =
    weights === null
      ? targets
      : weights.flatMap((weight, row) => [
          ...targets.slice(row * targetWidth, (row + 1) * targetWidth),
          weight,
        ])
  return { program, x, y, dataset }
}
