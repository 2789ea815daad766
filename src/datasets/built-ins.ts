/** The built-in datasets: Boolean functions of two inputs, generated datasets, and iris. */
import {
  fixedDatasetNames,
  type GeneratedDataset,
  generatedDatasetNames,
  generatedDatasetSchema,
  type Scaling,
} from '../contract/dataset.js'
import { generate } from './generated.js'
import { iris } from './iris.js'
import { describeTable, type Table } from './table.js'

export interface BuiltIn extends Table {
  /** Default of a job. */
  scaling: Scaling
}

function truthTable(truth: (x1: number, x2: number) => boolean): Table {
  const rows = [0, 1].flatMap((x1) => [0, 1].map((x2) => [x1, x2, truth(x1, x2) ? 1 : 0]))
  return describeTable(
    [
      { name: 'x1', role: 'feature' },
      { name: 'x2', role: 'feature' },
      { name: 'y', role: 'target' },
    ],
    Float64Array.from(rows.flat()),
  )
}

const fixed: Record<(typeof fixedDatasetNames)[number], () => BuiltIn> = {
  and: () => ({ ...truthTable((x1, x2) => x1 === 1 && x2 === 1), scaling: 'none' }),
  or: () => ({ ...truthTable((x1, x2) => x1 === 1 || x2 === 1), scaling: 'none' }),
  nand: () => ({ ...truthTable((x1, x2) => !(x1 === 1 && x2 === 1)), scaling: 'none' }),
  xor: () => ({ ...truthTable((x1, x2) => x1 !== x2), scaling: 'none' }),
  iris: () => ({ ...iris(), scaling: 'standardize' }),
}

export const builtInNames: readonly string[] = [...fixedDatasetNames, ...generatedDatasetNames]

/**
 * Creates a built-in dataset. Returns undefined if the name is unknown. The name of a generated dataset means
 * its default settings.
 */
export function builtIn(dataset: GeneratedDataset): BuiltIn
export function builtIn(dataset: string | GeneratedDataset): BuiltIn | undefined
export function builtIn(dataset: string | GeneratedDataset): BuiltIn | undefined {
  if (typeof dataset !== 'string') return { ...generate(dataset), scaling: 'none' }
  const generated = generatedDatasetNames.find((name) => name === dataset)
  if (generated === undefined) {
    const name = fixedDatasetNames.find((each) => each === dataset)
    return name === undefined ? undefined : fixed[name]()
  }
  return builtIn(generatedDatasetSchema.parse({ name: generated }))
}
