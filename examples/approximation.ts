/** A network with one hidden layer approximates a continuous function; more units reduce the error. */
import { chart, short, table } from './chart.js'
import {
  approximationInputs,
  approximationJob,
  kink,
  approximationSeeds as seeds,
  sine,
  approximationWidths as widths,
} from './lecture/approximation.js'
import { predictOutputs, type Trained, train } from './training.js'

const functions = [sine, kink]

export interface Approximation {
  name: string
  /** The best of several seeds for each width. */
  byWidth: { width: number; parameters: number; error: number; modelId: string }[]
}

/** Mean squared error on 64 points from −2 to 4 after 2,000 steps of Adam. */
export async function approximate(url: string): Promise<Approximation[]> {
  const results: Approximation[] = []
  for (const each of functions) {
    const byWidth = await Promise.all(
      widths.map(async (width) => {
        const trainings = await Promise.all(
          seeds.map((seed) => train(url, approximationJob(each, width, seed))),
        )
        const best = trainings.reduce((a, b) => (finalLoss(b) < finalLoss(a) ? b : a))
        return { width, parameters: best.job.parameters, error: finalLoss(best), modelId: best.modelId }
      }),
    )
    results.push({ name: each.name, byWidth })
  }
  return results
}

const finalLoss = ({ losses }: Trained) => losses[losses.length - 1]

export async function show(url: string): Promise<void> {
  const results = await approximate(url)
  for (const [index, { name, byWidth }] of results.entries()) {
    const rows = byWidth.map(({ width, parameters, error }) => [String(width), parameters, short(error)])
    console.log(`\nf(x) = ${name}, one hidden layer of tanh units, best of ${seeds.length} seeds`)
    console.log(table(['width', 'parameters', 'mean squared error'], rows))
    const [narrow, wide] = [byWidth[0], byWidth[byWidth.length - 1]]
    const inputs = approximationInputs.map((x) => [x])
    const drawn = async ({ modelId, width }: typeof wide, mark: string) => {
      const outputs = (await predictOutputs(url, modelId, inputs)).flat()
      return {
        name: `width ${width}`,
        mark,
        points: approximationInputs.map((x, i) => [x, outputs[i]] as const),
      }
    }
    const exact = {
      name: 'f',
      mark: '·',
      points: approximationInputs.map((x) => [x, functions[index].value(x)] as const),
    }
    const axes = { x: 'x', y: 'f(x)', xScale: 'linear', yScale: 'linear' } as const
    console.log(chart([exact, await drawn(narrow, 'o'), await drawn(wide, '█')], axes))
  }
}
