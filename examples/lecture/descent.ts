/** Gradient descent with too small, good, and too large learning rates. */
import { type Controls, demonstration } from './demonstration.js'
import { plainSteps } from './optimizer-steps.js'
import type { Position } from './plot.js'
import { largestCurvature, lossAt, minimumOf, type Rows, surfaceOf, valleyRows } from './quadratic.js'
import { bandOf, short } from './statistics.js'
import { pathOf, trainedWeights, walk } from './valley-job.js'

const steps = 40

interface Rate {
  name: string
  /** The learning rate times the largest curvature. Descent converges below 2. */
  share: number
}

const rates: readonly Rate[] = [
  { name: 'small', share: 0.1 },
  { name: 'good', share: 1 },
  { name: 'just below the limit', share: 1.95 },
  { name: 'just above the limit', share: 2.05 },
]

const valley = (condition: number, seed: number) =>
  valleyRows({ rows: 100, condition, angle: 30, noise: 0.3 }, seed)

interface Descent {
  rate: number
  /** The loss above its minimum before the first and after each step. */
  losses: number[]
  path: Position[]
}

function descend(rows: Rows, share: number): Descent {
  const rate = share / largestCurvature(rows)
  const walked = walk(rows, plainSteps(rate), steps)
  const least = lossAt(rows, minimumOf(rows))
  return { rate, losses: walked.losses.map((loss) => loss - least), path: pathOf(walked, steps) }
}

interface Figures {
  rows: Rows
  /** For each of `rates`, one descent for each seed. */
  descents: Descent[][]
  /** Largest difference between the weights of the service and those of the formula. */
  difference: number
}

/** Below this, differences of losses are rounding errors. */
const atMinimum = 1e-12

const falls = ({ losses }: Descent) =>
  losses.every((loss, index) => index === 0 || loss < losses[index - 1] || loss < atMinimum)
const grows = ({ losses }: Descent) => losses[losses.length - 1] > losses[losses.length - 2]

const controls = {
  condition: { label: 'length of the valley (condition number)', values: [2, 8, 30], initial: 8 },
} satisfies Controls

export const descent = demonstration<Figures, typeof controls>({
  title: 'Gradient descent',
  claim: 'Gradient descent goes downhill at every step if its rate is below 2/λ, and diverges above.',
  formula: ['w ← w − η ∇L ( w )', 'η < {2}/{λ_max}'],
  notice:
    'A small rate creeps along the valley. Just below the limit the path swings across it, and just above, it swings out.',
  reference: {
    text: 'Cauchy, Méthode générale pour la résolution des systèmes d’équations simultanées, 1847; LeCun et al., Efficient BackProp, 1998, section 5',
    url: 'https://doi.org/10.1007/3-540-49430-8_2',
  },
  controls,
  assertion:
    'For each seed, every step with a rate below 2/λ lowers the loss, λ being the largest curvature. With 2.05/λ, the ' +
    'loss grows at the end. The service has the same weights within 10⁻⁴.',
  async measure(laboratory, { condition }, seeds) {
    const all = seeds.map((seed) => valley(condition, seed))
    const [rows] = all
    const descents = rates.map(({ share }) => all.map((each) => descend(each, share)))
    const optimizer = { type: 'sgd', learningRate: descents[1][0].rate } as const
    const name = `descent at rate ${short(optimizer.learningRate)}`
    const training = { name, rows, optimizer, batch: rows.x.length, epochs: steps }
    const served = await trainedWeights(laboratory, training)
    const own = walk(rows, plainSteps(optimizer.learningRate), steps).weights[steps]
    return {
      rows,
      descents,
      difference: Math.max(...served.map((weight, index) => Math.abs(weight - own[index]))),
    }
  },
  holds({ descents, difference }) {
    const [small, good, below, above] = descents
    return [small, good, below].every((each) => each.every(falls)) && above.every(grows) && difference < 1e-4
  },
  show({ rows, descents, difference }) {
    const label = (index: number) => `${rates[index].name}: ${short(descents[index][0].rate)}`
    return {
      summary: `The limit 2/λ is ${short(2 / largestCurvature(rows))}. After ${steps} steps, the weights of the service differ from the formula by ${short(difference)}.`,
      plots: [
        surfaceOf(
          rows,
          'Loss over both weights, first seed',
          descents.map(([first], index) => ({ label: label(index), points: first.path })),
        ),
        {
          type: 'chart',
          title: `Loss above its minimum, ${descents[0].length} seeds`,
          x: { label: 'step' },
          y: { label: 'loss above the minimum', logarithmic: true },
          series: descents.map((each, index) =>
            bandOf(
              label(index),
              each.map(({ losses }) => losses.map((value) => Math.max(value, 1e-9))),
              (at) => at,
            ),
          ),
        },
      ],
    }
  },
  async *attack() {
    for (const condition of [1, 2, 10, 100, 1_000]) {
      for (const share of [0.01, 0.5, 1.5, 1.99, 2.1, 3, 10]) {
        const seeds = Array.from({ length: 20 }, (_, index) => 601 + index)
        const all = seeds.map((seed) => descend(valley(condition, seed), share))
        const wrong = all.filter((each) => (share < 2 ? !falls(each) : !grows(each))).length
        const change = `condition ${condition}, rate ${share}/λ, 20 seeds`
        yield { change, figure: `${wrong} contradict`, isOverturned: wrong > 0 }
      }
    }
  },
})
