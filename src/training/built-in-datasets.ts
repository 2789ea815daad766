import { type Dataset, findTarget, inputWidth } from '../contract/dataset.js'
import { type BuiltIn, builtIn, builtInNames } from '../datasets/built-ins.js'
import { datasetWarnings } from '../datasets/warnings.js'

export function describeBuiltIn(name: string): Dataset | null {
  const table = builtIn(name)
  return table === undefined ? null : describe(name, table)
}

function describe(name: string, { columns, rows, chunks, scaling }: BuiltIn): Dataset {
  return {
    id: name,
    object: 'dataset',
    name,
    origin: 'builtIn',
    rows,
    columns,
    ...findTarget(columns),
    inputShape: [inputWidth(columns)],
    image: null,
    scaling,
    droppedRows: 0,
    warnings: datasetWarnings({ columns, droppedRows: 0, readRows: rows }),
    bytes: chunks.reduce((sum, chunk) => sum + chunk.length, 0),
    sha256: null,
    createdAt: null,
  }
}

export function listBuiltIns(): Dataset[] {
  return builtInNames.flatMap((name) => describeBuiltIn(name) ?? [])
}
