/** An uploaded file in the playground: one or two columns of numbers as inputs, and a target that can be drawn over them. */
import type { Descent } from '../../../sdk/src/index.js'
import { client } from '../api/client.js'
import { PageError } from '../api/problem.js'
import type { Column, Dataset, DatasetRows, Preview } from '../api/types.js'
import { maximumRows, type PlaygroundRows } from './data.js'

interface OwnFile {
  name: string
  inputs: readonly string[]
  target: string
  rows: PlaygroundRows
}

type ColumnType = Column['type']

/** The columns of a file that the playground takes. */
export interface ChosenColumns {
  x: string
  /** '' for a curve over one input. */
  y: string
  target: string
}

/** Columns of numbers first, then those that a job would ignore, such as an index. */
export const inputColumns = ({ columns }: Pick<Preview, 'columns'>): string[] =>
  (['number', 'ignored'] as const).flatMap((wanted) =>
    columns.flatMap(({ name, type }) => (type === wanted ? [name] : [])),
  )

/** Two inputs for a target of classes, one for a target of numbers. */
export function proposeColumns(preview: Pick<Preview, 'columns' | 'target'>): ChosenColumns {
  const { columns } = preview
  const target = preview.target ?? columns.at(-1)?.name ?? ''
  const [x = '', y = ''] = inputColumns(preview).filter((name) => name !== target)
  const isCurve = columns.find(({ name }) => name === target)?.type === 'number'
  return { x, y: isCurve ? '' : y, target }
}

/** Stores the file with only these columns, without the rows in which one is missing. */
export async function storeColumns(
  file: File,
  { columns }: Pick<Preview, 'columns'>,
  chosen: ChosenColumns,
): Promise<Dataset> {
  const inputs = [chosen.x, chosen.y]
  const types = columns.flatMap(({ name }): [string, ColumnType][] => {
    if (inputs.includes(name)) return [[name, 'number']]
    return name === chosen.target ? [] : [[name, 'ignored']]
  })
  return client.datasets.upload([file], {
    name: file.name.replace(/(\.\w+)+$/, '').slice(0, 200),
    target: JSON.stringify([chosen.target]),
    missing: 'drop',
    types: JSON.stringify(Object.fromEntries(types)),
  })
}

/** @throws Problem if the playground cannot draw the dataset */
export async function readOwnFile(client: Descent, id: string): Promise<OwnFile> {
  const dataset = await client.datasets.get(id)
  const { columns, target, classes, rows: count } = dataset
  const inputs = columns.filter(({ role }) => role === 'feature')
  const name = dataset.name ?? id
  if (inputs.length < 1 || inputs.length > 2 || inputs.some(({ type }) => type !== 'number')) {
    throw refusal(`${name} has other inputs than one or two columns of numbers. Choose other columns.`)
  }
  if (target === null) throw refusal(`${name} needs one target column. Choose other columns.`)
  if ((classes === null) !== (inputs.length === 1)) {
    throw refusal(
      'The playground draws classes over two columns of numbers, or a number over one. Choose other columns.',
    )
  }
  if (count > maximumRows) {
    throw refusal(
      `${name} has ${count} rows, and the playground draws at most ${maximumRows}. Start a job on it with “New job”.`,
    )
  }
  const rows = await client.request('GET /datasets/{id}/rows', {
    path: { id },
    query: { limit: maximumRows },
  })
  const names = inputs.map((input) => input.name)
  return { name, inputs: names, target, rows: toRows(id, rows, { inputs: names, target, classes }) }
}

interface Drawn {
  inputs: readonly string[]
  target: string
  /** Null for a target of numbers. */
  classes: readonly string[] | null
}

const refusal = (message: string) => new PageError('own-file', message)

function toRows(
  dataset: string,
  { columns, data }: Pick<DatasetRows, 'columns' | 'data'>,
  { inputs, target, classes }: Drawn,
): PlaygroundRows {
  const [x = 0, y = 0] = inputs.map((name) => columns.indexOf(name))
  const place = columns.indexOf(target)
  const rows = data.map((row) => row.map((cell) => (cell === null ? Number.NaN : cell)))
  if (classes === null) {
    const samples = rows.map((row) => ({ x: Number(row[x]), y: Number(row[place]) }))
    return { points: [], samples, classes: 0, inputs, dataset }
  }
  const points = rows.map((row) => ({
    ...{ x: Number(row[x]), y: Number(row[y]) },
    classIndex: classes.indexOf(String(row[place])),
  }))
  return { points, samples: [], classes: classes.length, inputs, dataset }
}
