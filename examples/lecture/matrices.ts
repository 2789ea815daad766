/** A layer is a product of matrices. */
import { trueRowsOf } from './boolean-function.js'
import { type Controls, demonstration } from './demonstration.js'
import type { Laboratory } from './laboratory.js'
import { bitPairs } from './perceptron.js'
import type { Plot } from './plot.js'

type Matrix = number[][]

function multiply(a: Matrix, b: Matrix): Matrix {
  return a.map((row) =>
    b[0].map((_, column) => row.reduce((sum, value, index) => sum + value * b[index][column], 0)),
  )
}

const withOnes = (matrix: Matrix): Matrix => matrix.map((row) => [...row, 1])
const step = (matrix: Matrix): Matrix => matrix.map((row) => row.map((value) => (value >= 0 ? 1 : 0)))

interface Figures {
  table: number
  /** The network of the normal form; the last row of each matrix has the biases. */
  hidden: Matrix
  output: Matrix
  sums: Matrix
  units: Matrix
  result: Matrix
  /** Largest difference between a product and the sum of one unit for one row. */
  difference: number
  served: number[]
}

/** One column for each true row: +1 for a 1, −1 for a 0, and the bias ½ − ones. */
function hiddenMatrix(trueRows: readonly number[]): Matrix {
  if (trueRows.length === 0) return [[0], [0], [-0.5]]
  const bits = trueRows.map((row) => bitPairs[row])
  return [
    bits.map(([first]) => 2 * first - 1),
    bits.map(([, second]) => 2 * second - 1),
    bits.map(([first, second]) => 0.5 - first - second),
  ]
}

/** The sums unit by unit and row by row, without matrices. */
function oneByOne(rows: Matrix, matrix: Matrix): number[] {
  const sums: number[] = []
  for (const row of rows) {
    for (let unit = 0; unit < matrix[0].length; unit++) {
      let sum = matrix[row.length][unit]
      for (let input = 0; input < row.length; input++) sum += matrix[input][unit] * row[input]
      sums.push(sum)
    }
  }
  return sums
}

async function computed(laboratory: Laboratory, table: number): Promise<Figures> {
  const trueRows = trueRowsOf(table, 2)
  const network = await laboratory.construct(2, trueRows)
  const hidden = hiddenMatrix(trueRows)
  const output = [...hidden[0].map(() => [1]), [-0.5]]
  const sums = multiply(withOnes(bitPairs), hidden)
  const units = step(sums)
  const result = step(multiply(withOnes(units), output))
  const difference = Math.max(
    ...oneByOne(bitPairs, hidden).map((sum, index) => Math.abs(sum - sums.flat()[index])),
  )
  return {
    table,
    hidden,
    output,
    sums,
    units,
    result,
    difference,
    served: (await network.predict(bitPairs)).flat(),
  }
}

const holds = ({ result, served, difference }: Figures) =>
  difference < 1e-12 && String(result.flat()) === String(served)

function matrixTable(title: string, heads: readonly string[], matrix: Matrix): Plot {
  return { type: 'table', title, heads, rows: matrix.map((row) => row.map(String)) }
}

const controls = {
  table: {
    label: 'function, 4 bits for 00, 01, 10 and 11',
    values: Array.from({ length: 16 }, (_, table) => table),
    initial: 0b0110,
  },
} satisfies Controls

export const matrices = demonstration<Figures, typeof controls>({
  title: 'Layers as matrices',
  claim: 'A layer computes all its units for all rows by one product of matrices.',
  formula: ['H = step ( X W_1 + 1 b_1^⊤ )', 'Ŷ = step ( H W_2 + 1 b_2^⊤ )'],
  notice:
    'A row of X with a 1 at its end turns the biases into one more row of W. Each column of W is a unit.',
  reference: {
    text: 'Goodfellow, Bengio and Courville, Deep Learning, 2016, section 6.1',
    url: 'https://www.deeplearningbook.org/contents/mlp.html',
  },
  controls,
  assertion:
    'The product equals the sums of the single units within 10⁻¹², and the outputs equal those of the service.',
  measure: (laboratory, { table }) => computed(laboratory, table),
  holds,
  show({ hidden, output, sums, units, result, served }) {
    const names = hidden[0].map((_, unit) => `h${unit + 1}`)
    return {
      summary: `Outputs for 00, 01, 10 and 11: ${result.flat().join(' ')}, and ${served.join(' ')} of the service.`,
      plots: [
        matrixTable('X, with a column of ones', ['x₁', 'x₂', '1'], withOnes(bitPairs)),
        matrixTable('W₁, the last row has the biases', names, hidden),
        matrixTable('X W₁', names, sums),
        matrixTable('H = step(X W₁), with a column of ones', [...names, '1'], withOnes(units)),
        matrixTable('W₂', ['ŷ'], output),
        matrixTable('Ŷ = step(H W₂)', ['ŷ'], result),
      ],
    }
  },
  async *attack(laboratory) {
    for (const table of controls.table.values) {
      const figures = await computed(laboratory, table)
      const change = `function ${table.toString(2).padStart(4, '0')}`
      yield { change, figure: `difference ${figures.difference}`, isOverturned: !holds(figures) }
    }
  },
})
