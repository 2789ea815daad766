/** One sigmoid unit divides the plane by a straight line. */
import { seededRandom } from '../../src/datasets/random.js'
import { type Controls, demonstration } from './demonstration.js'
import { dense, type LectureJob } from './job.js'
import { finalLoss, type Laboratory, type Search, searchRate, type Training } from './laboratory.js'
import type { ClassPoint, PlaneMap, Position } from './plot.js'
import { rateChart } from './rate-chart.js'
import { percent } from './statistics.js'

const rates = [0.001, 0.01, 0.1, 1, 10]
const perClass = 150
const angles = 180

/** Two clouds whose centres are `distance` apart, or a cloud in a ring. */
function drawPoints(kind: 'clouds' | 'ring', distance: number, seed: number): ClassPoint[] {
  const random = seededRandom(seed)
  const direction = 2 * Math.PI * random.uniform()
  return Array.from({ length: 2 * perClass }, (_, index) => {
    const label = index % 2
    const [x, y] = [0.5 * random.normal(), 0.5 * random.normal()]
    if (kind === 'clouds') {
      const offset = (label - 0.5) * distance
      return { x: x + offset * Math.cos(direction), y: y + offset * Math.sin(direction), label }
    }
    const turn = 2 * Math.PI * random.uniform()
    const radius = 2.2 + 0.15 * random.normal()
    return label === 0 ? { x, y, label } : { x: radius * Math.cos(turn), y: radius * Math.sin(turn), label }
  })
}

function classifierJob(kind: string, points: readonly ClassPoint[], rate: number, seed: number): LectureJob {
  return {
    name: `Lecture: one unit on ${kind}, rate ${rate}`,
    dataset: { x: points.map(({ x, y }) => [x, y]), y: points.map(({ label }) => [label]) },
    network: { layers: [dense(1, 'sigmoid')] },
    loss: 'binaryCrossentropy',
    optimizer: { type: 'adam', learningRate: rate },
    schedule: { type: 'cosine' },
    epochs: 100,
    batchSize: 20,
    seed,
  }
}

/** The highest accuracy of any line: all directions in steps of one degree, all thresholds. */
function bestLineAccuracy(points: readonly ClassPoint[]): number {
  const counts = Array.from({ length: angles }, (_, angle) => {
    const [c, s] = [Math.cos((angle * Math.PI) / angles), Math.sin((angle * Math.PI) / angles)]
    const sorted = points.toSorted((a, b) => c * a.x + s * a.y - c * b.x - s * b.y)
    let right = sorted.filter(({ label }) => label === 1).length
    let best = Math.max(right, points.length - right)
    for (const { label } of sorted) {
      right += label === 0 ? 1 : -1
      best = Math.max(best, right, points.length - right)
    }
    return best
  })
  return Math.max(...counts) / points.length
}

const probeStep = 0.1
const probePoints: Position[] = [
  [0, 0],
  [probeStep, 0],
  [0, probeStep],
]

interface Classified {
  points: ClassPoint[]
  accuracy: number
  /** w₁, w₂ and b, read from the outputs at three points. */
  weights: number[]
  training: Training
  loss: number
}

async function classify(
  laboratory: Laboratory,
  kind: 'clouds' | 'ring',
  distance: number,
  rate: number,
  seed: number,
): Promise<Classified> {
  const points = drawPoints(kind, distance, seed)
  const training = await laboratory.train(classifierJob(kind, points, rate, seed))
  const outputs = (await training.predict(points.map(({ x, y }) => [x, y]))).flat()
  const right = points.filter(({ label }, index) => Number(outputs[index] >= 0.5) === label).length
  const probes = (await training.predict(probePoints)).flat()
  const [b, first, second] = probes.map((output) => Math.log(output / (1 - output)))
  const weights = [(first - b) / probeStep, (second - b) / probeStep, b]
  return { points, accuracy: right / points.length, weights, training, loss: finalLoss(training) }
}

interface Figures {
  clouds: Search<Classified>
  ring: Search<Classified>
  /** For each seed, the highest accuracy of any line. */
  bestLines: Record<'clouds' | 'ring', number[]>
}

const view: Pick<PlaneMap, 'from' | 'to'> = { from: [-3.4, -3.4], to: [3.4, 3.4] }

const mapOf = (title: string, { points, weights }: Classified): PlaneMap => ({
  title,
  ...view,
  points,
  area: { type: 'line', weights },
})

const controls = {
  distance: { label: 'distance of the clouds', values: [1, 1.4, 1.7], initial: 1.7 },
} satisfies Controls

/** Difference of an accuracy to that of the best line. */
const nearBest = 0.05
const ringLimit = 0.8

const percents = (values: readonly number[]) =>
  `${percent(Math.min(...values))} to ${percent(Math.max(...values))}`

export const linearClassifier = demonstration<Figures, typeof controls>({
  title: 'The linear classifier',
  claim:
    'One unit finds the line between two clouds about as well as any line, but no line separates a ring from its centre.',
  formula: ['ŷ = σ ( w·x + b )', 'w_1 x_1 + w_2 x_2 + b = 0'],
  notice:
    'The boundary is where the sum is 0: a straight line, and w points at right angles to it towards class 1.',
  reference: {
    text: 'Cover, Geometrical and statistical properties of systems of linear inequalities, 1965',
    url: 'https://doi.org/10.1109/PGEC.1965.264137',
  },
  controls,
  assertion:
    'For each seed, the unit is right for at most 5 points less of the clouds than the best of all lines. ' +
    'On the ring, even the best of all lines is right for less than 80 %.',
  async measure(laboratory, { distance }, seeds) {
    const search = (kind: 'clouds' | 'ring') =>
      searchRate(
        rates,
        seeds,
        (rate, seed) => classify(laboratory, kind, distance, rate, seed),
        ({ loss }) => loss,
      )
    const [clouds, ring] = await Promise.all([search('clouds'), search('ring')])
    const lines = ({ best }: Search<Classified>) => best.map(({ points }) => bestLineAccuracy(points))
    return { clouds, ring, bestLines: { clouds: lines(clouds), ring: lines(ring) } }
  },
  holds({ clouds, bestLines }) {
    return (
      clouds.isInside &&
      bestLines.clouds.every((best, index) => clouds.best[index].accuracy >= best - nearBest) &&
      bestLines.ring.every((best) => best < ringLimit)
    )
  },
  show({ clouds, ring, bestLines }) {
    const reached = (search: Search<Classified>) => percents(search.best.map(({ accuracy }) => accuracy))
    return {
      summary: `Clouds: the unit is right for ${reached(clouds)} over ${clouds.best.length} seeds, the best of all lines for ${percents(bestLines.clouds)}. Ring: ${reached(ring)}, and the best of all lines ${percents(bestLines.ring)}.`,
      plots: [
        {
          type: 'planes',
          title: 'Points and the line w·x + b = 0',
          x: 'x₁',
          y: 'x₂',
          maps: [mapOf('clouds', clouds.best[0]), mapOf('ring', ring.best[0])],
        },
        rateChart(
          [
            { name: 'clouds', search: clouds },
            { name: 'ring', search: ring },
          ],
          { label: 'cross-entropy (nats)', logarithmic: true },
        ),
      ],
    }
  },
  async *attack(laboratory) {
    const seeds = Array.from({ length: 20 }, (_, index) => 301 + index)
    for (const rate of [0.03, 0.3, 3, 30]) {
      const all = await Promise.all(seeds.map((seed) => classify(laboratory, 'ring', 0, rate, seed)))
      const best = Math.max(...all.map(({ accuracy }) => accuracy))
      yield { change: `ring, rate ${rate}, 20 seeds`, figure: percent(best), isOverturned: best >= ringLimit }
    }
    for (const distance of [1, ...controls.distance.values, 3]) {
      for (const rate of [0.1, 0.3]) {
        const all = await Promise.all(
          seeds.map((seed) => classify(laboratory, 'clouds', distance, rate, seed)),
        )
        const missing = Math.max(...all.map(({ points, accuracy }) => bestLineAccuracy(points) - accuracy))
        const change = `clouds at distance ${distance}, rate ${rate}, 20 seeds`
        yield { change, figure: `${percent(missing)} below the best line`, isOverturned: missing > nearBest }
      }
    }
  },
})
