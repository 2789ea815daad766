import { type Dataset, targetOf } from '../contract/dataset.js'
import { builtIn, builtInNames } from '../datasets/built-ins.js'

export function describeBuiltIn(name: string): Dataset | null {
  const table = builtIn(name)
  if (table === undefined) return null
  const { columns, rows, values } = table
  return {
    id: name,
    object: 'dataset',
    name,
    origin: 'builtIn',
    rows,
    columns,
    ...targetOf(columns),
    bytes: values.byteLength,
    createdAt: null,
  }
}

export function listBuiltIns(): Dataset[] {
  return builtInNames.flatMap((name) => describeBuiltIn(name) ?? [])
}
