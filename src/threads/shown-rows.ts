/** Ranked rows as the API shows them. */
import type { TargetCoding } from '../contract/dataset.js'
import { lastActivation } from '../contract/network.js'
import type { WorstRow } from '../contract/worst-rows.js'
import { type Part, readColumn } from '../datasets/feature-coding.js'
import { argmax, type Decoder, decoder } from '../datasets/prediction.js'
import { readRowsAt } from '../datasets/preview.js'
import type { Table } from '../datasets/table.js'
import { targetReader } from '../datasets/target-writing.js'
import type { Ranked } from './largest-losses.js'
import type { OpenedRows, TableOrder } from './table-rows.js'

/** @param table of the rows, with the columns that the model does not have */
export function showRows(ranked: readonly Ranked[], opened: OpenedRows, table: Table): WorstRow[] {
  const rows = Int32Array.from(ranked, ({ row }) => row).sort()
  const places = new Map(Array.from(rows, (row, index) => [row, index]))
  const values = readRowsAt(table, [...rows])
  const readTruth = truthReader(opened.coding.target, { table, rows })
  const decode = predictionReader(opened)
  return ranked.map(({ row, loss, target, output }) => {
    const place = places.get(row) ?? 0
    return { row, loss, prediction: decode(output), truth: readTruth(target, place), values: values[place] }
  })
}

export const predictionReader = ({
  coding,
  network,
  loss,
  threshold,
}: Omit<TableOrder, 'table' | 'only'>): Decoder =>
  decoder(coding, { lastActivation: lastActivation(network), loss, threshold })

export const shownColumns = ({ columns }: Table): string[] =>
  columns.flatMap(({ name, type }) => (type === 'ignored' ? [] : [name]))

type Truth = WorstRow['truth']

/** Reads the targets of a row from its encoded targets and its index in the part. */
function truthReader(coding: TargetCoding, part: Part): (target: Float32Array, index: number) => Truth {
  switch (coding.type) {
    case 'oneHot':
      return (target) => ({ label: coding.classes[argmax(target)] })
    case 'binary':
      return ([index]) => ({ label: coding.classes[index] })
    case 'multiLabel':
    case 'number': {
      // Encoded numbers are rounded to float32.
      const columns = coding.names.map((name) => readTarget(part, name))
      const output = (index: number) => columns.map((values) => values[index])
      if (coding.type === 'number') return (_, index) => ({ output: output(index) })
      return (target, index) => ({
        output: output(index),
        labels: coding.names.filter((_, position) => target[position] >= 0.5),
      })
    }
    default:
      return coding satisfies never
  }
}

function readTarget(part: Part, name: string): Float64Array {
  const { columns } = part.table
  const position = columns.findIndex((column) => column.name === name)
  return readColumn(part, position).map(targetReader(columns[position]))
}
