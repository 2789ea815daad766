/** Full-batch, mini-batch and stochastic gradient descent on two weights. */
import { type Controls, demonstration } from './demonstration.js'
import { type Laboratory, type Search, searchRate } from './laboratory.js'
import { plainSteps } from './optimizer-steps.js'
import type { Chart, Position } from './plot.js'
import { lossAt, minimumOf, type Rows, surfaceOf, valleyRows } from './quadratic.js'
import { rateChart } from './rate-chart.js'
import { bandOf, median, percent, range, short } from './statistics.js'
import { pathOf, trainedWeights, valleyJob, walk } from './valley-job.js'

const rowCount = 400
/** Steps that are compared, and the rows seen that are compared: one pass. */
const comparedSteps = 20

interface Batch {
  name: string
  size: number
  rates: readonly number[]
}

function batches(miniSize: number): Batch[] {
  return [
    { name: `all ${rowCount} rows`, size: rowCount, rates: [0.1, 0.3, 1, 1.5, 1.8, 2.5] },
    { name: `${miniSize} rows`, size: miniSize, rates: [0.01, 0.03, 0.1, 0.3, 1, 3] },
    { name: '1 row', size: 1, rates: [0.003, 0.01, 0.03, 0.1, 0.3, 1, 3] },
  ]
}

const valley = (noise: number, seed: number) =>
  valleyRows({ rows: rowCount, condition: 10, angle: 30, noise }, seed)

interface Descent {
  /** The loss of all rows above its minimum before the first and after each step. */
  excess: number[]
  path: Position[]
}

/** Walks this many steps, but at least one pass. */
function descend(rows: Rows, size: number, rate: number, steps: number): Descent {
  const walked = walk(rows, plainSteps(rate), steps, size)
  const least = lossAt(rows, minimumOf(rows))
  const excess = walked.losses.map((loss) => loss - least)
  // A diverged walk stays at its last loss.
  while (excess.length <= steps) excess.push(1e6)
  return { excess, path: pathOf(walked, roughSteps) }
}

const passSteps = (size: number) => rowCount / size

interface Competitor {
  batch: Batch
  /** At the rate that is best after one pass, and after `comparedSteps` steps. */
  byRows: Search<Descent>
  bySteps: Search<Descent>
  /** Share of the steps that raise the loss of all rows, in the second half of four passes, for each seed. */
  uphill: number[]
}

interface Figures {
  rows: Rows
  competitors: Competitor[]
  /** Training time of the service for one pass, in seconds. */
  times: { seconds: number[]; excess: number[] }[]
  /** Largest difference between the weights of the service and those of the formula. */
  difference: number
}

/** Steps of the walks that show how rough the steps are. */
const roughSteps = 200

function uphillShare({ excess }: Descent): number {
  const raised = excess.filter((loss, index) => index > roughSteps / 2 && loss > excess[index - 1] + 1e-12)
  return raised.length / (roughSteps / 2)
}

async function compete(batch: Batch, noise: number, seeds: readonly number[]): Promise<Competitor> {
  const all = new Map(seeds.map((seed) => [seed, valley(noise, seed)]))
  const search = (steps: number) =>
    searchRate(
      batch.rates,
      seeds,
      async (rate, seed) => descend(all.get(seed) ?? valley(noise, seed), batch.size, rate, steps),
      ({ excess }) => excess[steps],
    )
  const [byRows, bySteps] = await Promise.all([search(passSteps(batch.size)), search(comparedSteps)])
  const uphill = seeds.map((seed) =>
    uphillShare(descend(all.get(seed) ?? valley(noise, seed), batch.size, byRows.bestRate, roughSteps)),
  )
  return { batch, byRows, bySteps, uphill }
}

/** Passes that are trained on the service to compare weights and to measure time. */
const servedEpochs = 4

async function serve(laboratory: Laboratory, rows: Rows, { batch, byRows }: Competitor) {
  const training = {
    name: `batches of ${batch.name}, rate ${byRows.bestRate}`,
    rows,
    optimizer: { type: 'sgd', learningRate: byRows.bestRate } as const,
    batch: batch.size,
    epochs: servedEpochs,
  }
  const served = await trainedWeights(laboratory, training)
  const { epochs } = await laboratory.train(valleyJob(training))
  const walked = walk(rows, plainSteps(byRows.bestRate), servedEpochs * passSteps(batch.size), batch.size)
  const least = lossAt(rows, minimumOf(rows))
  const own = walked.weights[walked.weights.length - 1]
  return {
    difference: Math.max(...served.map((weight, axis) => Math.abs(weight - own[axis]))),
    time: {
      seconds: epochs.map(({ seconds }) => seconds ?? 0),
      excess: epochs.map(({ epoch }) => walked.losses[epoch * passSteps(batch.size)] - least),
    },
  }
}

const controls = {
  size: { label: 'rows of a mini-batch', values: [5, 20, 50], initial: 20 },
  noise: { label: 'noise of the targets', values: [0.3, 0.5, 1], initial: 0.5 },
} satisfies Controls

const lastOf = (search: Search<Descent>) => search.best.map(({ excess }) => excess[excess.length - 1])

function excessChart(competitors: readonly Competitor[], by: 'rows' | 'steps'): Chart {
  return {
    type: 'chart',
    title: by === 'rows' ? 'By rows seen: one pass over all rows' : `By steps: the first ${comparedSteps}`,
    x: { label: by === 'rows' ? 'rows seen' : 'steps' },
    y: { label: 'loss above the minimum', logarithmic: true },
    series: competitors.map(({ batch, byRows, bySteps }) => {
      const search = by === 'rows' ? byRows : bySteps
      const curves = search.best.map(({ excess }) => excess.map((value) => Math.max(value, 1e-9)))
      const label = `${batch.name}, rate ${short(search.bestRate)}`
      return bandOf(label, curves, (step) => (by === 'rows' ? step * batch.size : step))
    }),
  }
}

/** The path of the first walk over the rows, drawn beyond one pass so that its end is visible. */
function roughPath(rows: Rows, { batch, byRows }: Competitor) {
  const { path } = descend(
    rows,
    batch.size,
    byRows.bestRate,
    batch.size === rowCount ? comparedSteps : roughSteps,
  )
  return { label: `${batch.name}, rate ${short(byRows.bestRate)}`, points: path }
}

export const sampling = demonstration<Figures, typeof controls>({
  title: 'Few sure steps or many rough ones',
  claim:
    'For the rows they see, small batches come further; for the steps they take, the full batch does, and it alone never goes uphill.',
  formula: ['g_B = {1}/{|B|} ∑_{i∈B} ∇L_i ( w )', 'E [ g_B ] = ∇L ( w )', 'Var [ g_B ] ∝ {1}/{|B|}'],
  notice:
    'The path of the full batch is smooth. With one row per step, the path trembles around the minimum and never rests, ' +
    'because single rows disagree.',
  reference: {
    text: 'Robbins and Monro, A stochastic approximation method, 1951; Bottou and Bousquet, The tradeoffs of large scale learning, 2008',
    url: 'https://doi.org/10.1214/aoms/1177729586',
  },
  controls,
  assertion:
    'In the median, both smaller batches have a lower loss than the full batch after one pass. After ' +
    `${comparedSteps} steps, the full batch has the lowest. It goes uphill in no step, single rows in ` +
    'more than a quarter. The weights of the service equal those of the formula within 10⁻³.',
  async measure(laboratory, { size, noise }, seeds) {
    const competitors = await Promise.all(batches(size).map((batch) => compete(batch, noise, seeds)))
    const rows = valley(noise, seeds[0])
    const served = await Promise.all(competitors.map((each) => serve(laboratory, rows, each)))
    return {
      rows,
      competitors,
      times: served.map(({ time }) => time),
      difference: Math.max(...served.map((each) => each.difference)),
    }
  },
  holds({ competitors, difference }) {
    const afterPass = competitors.map(({ byRows }) => median(lastOf(byRows)))
    const afterSteps = competitors.map(({ bySteps }) => median(lastOf(bySteps)))
    const uphill = competitors.map((each) => median(each.uphill))
    return (
      competitors.every(({ byRows, bySteps }) => byRows.isInside && bySteps.isInside) &&
      afterPass.slice(1).every((excess) => excess < afterPass[0]) &&
      afterSteps.slice(1).every((excess) => excess > afterSteps[0]) &&
      Math.max(...competitors[0].uphill) === 0 &&
      uphill[2] > 0.25 &&
      difference < 1e-3
    )
  },
  show({ rows, competitors, times, difference }) {
    const uphill = competitors.map(({ batch, uphill }) => `${batch.name} ${percent(median(uphill))}`)
    return {
      summary: `Steps that raise the loss: ${uphill.join(', ')}. The weights of the service differ from the formula by ${short(difference)}.`,
      plots: [
        surfaceOf(
          rows,
          'The paths over both weights, first seed',
          competitors.map((each) => roughPath(rows, each)),
        ),
        excessChart(competitors, 'rows'),
        excessChart(competitors, 'steps'),
        ...(times[0].seconds.some((second) => second > 0) ? [timeChart(competitors, times)] : []),
        {
          type: 'bars',
          title: 'Steps that raise the loss of all rows',
          unit: 'share of the steps',
          groups: [
            {
              label: `steps ${roughSteps / 2} to ${roughSteps}`,
              bars: competitors.map(({ batch, uphill }) => ({ label: batch.name, ...range(uphill) })),
            },
          ],
        },
        rateChart(
          competitors.map(({ batch, byRows }) => ({
            name: batch.name,
            search: { ...byRows, rates: excessRates(byRows) },
          })),
          { label: 'loss above the minimum after one pass', logarithmic: true },
        ),
      ],
    }
  },
  async *attack() {
    const seeds = Array.from({ length: 20 }, (_, index) => 801 + index)
    for (const noise of [0.3, 0.5, 1]) {
      const all = seeds.map((seed) => valley(noise, seed))
      const best = (size: number, steps: number, rates: readonly number[]) =>
        Math.min(
          ...rates.map((rate) => median(all.map((rows) => descend(rows, size, rate, steps).excess[steps]))),
        )
      const fullRates = [0.5, 0.8, 1, 1.2, 1.4, 1.6, 1.8, 1.95, 2]
      for (const size of [5, 10, 20, 50]) {
        const full = best(rowCount, 1, fullRates)
        const mini = best(size, passSteps(size), [0.03, 0.1, 0.3, 1])
        const isOverturned = !(mini < full)
        const change = `noise ${noise}, one pass, full batch at nine rates, 20 seeds`
        yield { change, figure: `${short(full)} against ${short(mini)} of ${size} rows`, isOverturned }
      }
      for (const size of [1, 5, 20, 50]) {
        const full = best(rowCount, comparedSteps, [1, 1.5, 1.8])
        const small = best(size, comparedSteps, [0.003, 0.01, 0.03, 0.1, 0.2, 0.3, 0.5, 1, 1.5])
        const isOverturned = !(full < small)
        const change = `noise ${noise}, ${comparedSteps} steps, ${size} rows at nine rates, 20 seeds`
        yield { change, figure: `${short(small)} against ${short(full)} of all rows`, isOverturned }
      }
    }
  },
})

/** Drawn on a logarithmic scale, so losses stay above 0. */
const excessRates = ({ rates }: Search<Descent>) =>
  rates.map(({ rate, figures }) => ({ rate, figures: figures.map((value) => Math.max(value, 1e-9)) }))

function timeChart(competitors: readonly Competitor[], times: Figures['times']): Chart {
  return {
    type: 'chart',
    title: `By time: ${servedEpochs} passes on this service, first seed`,
    x: { label: 'training time (ms)', logarithmic: true },
    y: { label: 'loss above the minimum', logarithmic: true },
    series: times.map(({ seconds, excess }, index) => ({
      label: competitors[index].batch.name,
      points: seconds.map(
        (second, at): Position => [1_000 * Math.max(second, 1e-6), Math.max(excess[at], 1e-9)],
      ),
    })),
  }
}
