/** A network with one hidden layer approximates a continuous function; more units reduce the error. */
import { chart, short, table } from './chart.js'
import { dense, outputsOf, type Trained, train } from './training.js'

const widths = [1, 2, 4, 8]
const seeds = [1, 2, 3, 4]
/** Not symmetric: for an odd function, bias gradients would be rounding noise, which Adam scales up to full steps. */
const points = Array.from({ length: 64 }, (_, index) => (6 * index) / 63 - 2)

const functions = [
  { name: 'sin x', of: (x: number) => Math.sin(x) },
  { name: '|x|/2 + cos(2x)/2', of: (x: number) => Math.abs(x) / 2 + Math.cos(2 * x) / 2 },
]

export interface Approximation {
  name: string
  /** The best of several seeds for each width. */
  byWidth: { width: number; parameters: number; error: number; modelId: string }[]
}

/** Mean squared error on 64 points from −2 to 4 after 2,000 steps of Adam. */
export async function approximate(url: string): Promise<Approximation[]> {
  const results: Approximation[] = []
  for (const { name, of } of functions) {
    const byWidth = await Promise.all(
      widths.map(async (width) => {
        const trainings = await Promise.all(
          seeds.map((seed) => trainOne(url, `${name}, width ${width}`, of, width, seed)),
        )
        const best = trainings.reduce((a, b) => (errorOf(b) < errorOf(a) ? b : a))
        return { width, parameters: best.job.parameters, error: errorOf(best), modelId: best.modelId }
      }),
    )
    results.push({ name, byWidth })
  }
  return results
}

const errorOf = ({ losses }: Trained) => losses[losses.length - 1]

function trainOne(
  url: string,
  name: string,
  of: (x: number) => number,
  width: number,
  seed: number,
): Promise<Trained> {
  return train(url, {
    name,
    dataset: { x: points, y: points.map(of) },
    network: { layers: [dense(width, 'tanh'), dense(1, 'linear')] },
    loss: 'meanSquaredError',
    optimizer: { type: 'adam', learningRate: 0.05 },
    schedule: { type: 'cosine' },
    batchSize: 'full',
    epochs: 2000,
    seed,
  })
}

export async function show(url: string): Promise<void> {
  const results = await approximate(url)
  for (const [index, { name, byWidth }] of results.entries()) {
    const rows = byWidth.map(({ width, parameters, error }) => [String(width), parameters, short(error)])
    console.log(`\nf(x) = ${name}, one hidden layer of tanh units, best of ${seeds.length} seeds`)
    console.log(table(['width', 'parameters', 'mean squared error'], rows))
    const [narrow, wide] = [byWidth[0], byWidth[byWidth.length - 1]]
    const inputs = points.map((x) => [x])
    const drawn = async ({ modelId, width }: typeof wide, mark: string) => {
      const outputs = (await outputsOf(url, modelId, inputs)).flat()
      return { name: `width ${width}`, mark, points: points.map((x, i) => [x, outputs[i]] as const) }
    }
    const exact = {
      name: 'f',
      mark: '·',
      points: points.map((x) => [x, functions[index].of(x)] as const),
    }
    const axes = { x: 'x', y: 'f(x)', xScale: 'linear', yScale: 'linear' } as const
    console.log(chart([exact, await drawn(narrow, 'o'), await drawn(wide, '█')], axes))
  }
}
