/** A network with one hidden layer learns XOR, which one threshold unit cannot. */
import { chart, drawMap, mapPoints } from './chart.js'
import { truthTableRows } from './lecture/boolean-function.js'
import { xorJob } from './lecture/xor.js'
import { predictOutputs, train } from './training.js'

const rows = truthTableRows(2)

export interface TwoLayers {
  losses: number[]
  /** Outputs for 00, 01, 10, 11. */
  answers: number[]
  modelId: string
}

export async function learnXor(url: string): Promise<TwoLayers> {
  const { losses, modelId } = await train(url, xorJob)
  return { losses, modelId, answers: (await predictOutputs(url, modelId, rows)).flat() }
}

export async function show(url: string): Promise<void> {
  const { losses, answers, modelId } = await learnXor(url)
  const curve = {
    name: '2 → 4 tanh → 1 sigmoid',
    mark: '•',
    points: losses.map((loss, i) => [i + 1, loss] as const),
  }
  console.log(chart([curve], { x: 'epoch', y: 'loss', xScale: 'linear', yScale: 'logarithmic' }))
  for (const [row, [x1, x2]] of rows.entries()) console.log(`  ${x1} xor ${x2} → ${answers[row].toFixed(3)}`)
  const square = { from: -0.5, to: 1.5 }
  const values = (await predictOutputs(url, modelId, mapPoints(square))).flat()
  const marks = rows.map(([x1, x2]) => ({ x1, x2, mark: String(x1 ^ x2) }))
  console.log('\nOutput over the plane (dark: 1). XOR needs two lines; one unit has one.')
  console.log(drawMap(values, square, marks))
}
