/** One threshold unit and Rosenblatt's rule. */
import { type Controls, demonstration } from './demonstration.js'
import type { LectureJob } from './job.js'
import type { Laboratory } from './laboratory.js'
import type { PlaneMap, Plot } from './plot.js'
import { short } from './statistics.js'

/** Targets of the rows 00, 01, 10 and 11. */
export const truthTables = { and: [0, 0, 0, 1], or: [0, 1, 1, 1], xor: [0, 1, 1, 0] } as const
type FunctionName = keyof typeof truthTables
const functionNames: readonly FunctionName[] = ['and', 'or', 'xor']

export const bitPairs = [
  [0, 0],
  [0, 1],
  [1, 0],
  [1, 1],
]

export const perceptronEpochs = 12

interface Order {
  rate: number
  epochs: number
  /** Shuffles the rows with this seed; without it, they come in the order of the truth table. */
  seed?: number
}

/** Trains one unit row by row from zero weights. */
export function perceptronJob(name: FunctionName, { rate, epochs, seed }: Order): LectureJob {
  return {
    name: `Lecture: perceptron on ${name.toUpperCase()}`,
    dataset: name,
    network: { layers: [{ type: 'dense', units: 1, activation: 'step', kernelInitializer: 'zeros' }] },
    loss: 'perceptron',
    optimizer: { type: 'sgd', learningRate: rate },
    batchSize: 1,
    epochs,
    ...(seed === undefined ? { sampling: 'sequential' } : { sampling: 'shuffle', seed }),
  }
}

interface EpochOfRule {
  /** w₁, w₂ and b after the epoch. */
  weights: readonly number[]
  mistakes: number
}

/** Rosenblatt's rule: after each row, w ← w + η(y − ŷ)x and b ← b + η(y − ŷ), with ŷ = 1 where w·x + b ≥ 0. */
function rosenblatt(targets: readonly number[], rate: number, epochs: number): EpochOfRule[] {
  let [w1, w2, b] = [0, 0, 0]
  return Array.from({ length: epochs }, () => {
    let mistakes = 0
    for (const [row, [x1, x2]] of bitPairs.entries()) {
      const error = targets[row] - (w1 * x1 + w2 * x2 + b >= 0 ? 1 : 0)
      if (error !== 0) mistakes += 1
      w1 += rate * error * x1
      w2 += rate * error * x2
      b += rate * error
    }
    return { weights: [w1, w2, b], mistakes }
  })
}

interface Learned {
  name: FunctionName
  byHand: EpochOfRule[]
  /** Mistakes of the service in each epoch. */
  mistakes: number[]
  outputs: number[]
}

interface Figures {
  rate: number
  functions: Learned[]
  /** For each seed, whether shuffled rows taught AND, OR and XOR. */
  shuffled: boolean[][]
}

async function learn(laboratory: Laboratory, name: FunctionName, rate: number): Promise<Learned> {
  const training = await laboratory.train(perceptronJob(name, { rate, epochs: perceptronEpochs }))
  return {
    name,
    byHand: rosenblatt(truthTables[name], rate, perceptronEpochs),
    mistakes: training.epochs.map(({ accuracy }) => Math.round(4 * (1 - (accuracy ?? 0)))),
    outputs: (await training.predict(bitPairs)).flat(),
  }
}

async function learns(laboratory: Laboratory, name: FunctionName, order: Order): Promise<boolean> {
  const training = await laboratory.train(perceptronJob(name, order))
  return String((await training.predict(bitPairs)).flat()) === String(truthTables[name])
}

/** Epochs of the trainings with shuffled rows. More than the bound of Novikoff (1962) needs for AND and OR. */
const shuffledEpochs = 100

const isSolved = ({ name, outputs }: Learned) => String(outputs) === String(truthTables[name])

function tableOf({ name, byHand, mistakes }: Learned): Plot {
  const solved = byHand.findIndex((epoch) => epoch.mistakes === 0)
  const shown = solved === -1 ? byHand.slice(0, 8) : byHand.slice(0, solved + 1)
  return {
    type: 'table',
    title: `${name.toUpperCase()}: weights after each epoch`,
    heads: ['epoch', 'w₁', 'w₂', 'b', 'mistakes', 'of the service'],
    rows: shown.map(({ weights, mistakes: own }, index) => [
      String(index + 1),
      ...weights.map(short),
      String(own),
      String(mistakes[index]),
    ]),
  }
}

/** The line is drawn half a step below 0: a row at exactly 0 counts as 1. */
function mapOf({ name, byHand }: Learned, rate: number): PlaneMap {
  const [w1, w2, b] = byHand[byHand.length - 1].weights
  return {
    title: name.toUpperCase(),
    from: [-0.5, -0.5],
    to: [1.5, 1.5],
    points: bitPairs.map(([x, y], row) => ({ x, y, label: truthTables[name][row] })),
    area: { type: 'line', weights: [w1, w2, b + rate / 2] },
  }
}

const inequalities = [
  'XOR needs four inequalities at once:',
  '(0, 0) → 0:            b < 0',
  '(0, 1) → 1:       w₂ + b ≥ 0',
  '(1, 0) → 1:       w₁ + b ≥ 0',
  '(1, 1) → 0:  w₁ + w₂ + b < 0',
  'The second and third add up to w₁ + w₂ + 2b ≥ 0, the first and fourth to w₁ + w₂ + 2b < 0: a contradiction.',
]

const controls = { rate: { label: 'learning rate η', values: [0.1, 1, 10], initial: 1 } } satisfies Controls

export const perceptron = demonstration<Figures, typeof controls>({
  title: 'The perceptron',
  claim: 'One threshold unit learns AND and OR but not XOR, with any rate and any order of the rows.',
  formula: ['ŷ = [ w·x + b ≥ 0 ]', 'w ← w + η ( y − ŷ ) x', 'b ← b + η ( y − ŷ )'],
  notice:
    'The mistakes of AND and OR end at 0, and the weights stay. For XOR the weights return to earlier values and cycle.',
  reference: {
    text: 'Minsky and Papert, Perceptrons, 1969; Novikoff, On convergence proofs for perceptrons, 1962',
    url: 'https://mitpress.mit.edu/9780262630221/perceptrons/',
  },
  controls,
  assertion:
    'For each seed that shuffles the rows, the outputs equal the truth tables of AND and OR, but not that of XOR. The ' +
    'mistakes of the service equal those of the rule.',
  async measure(laboratory, { rate }, seeds) {
    const [functions, shuffled] = await Promise.all([
      Promise.all(functionNames.map((name) => learn(laboratory, name, rate))),
      Promise.all(
        seeds.map((seed) =>
          Promise.all(
            functionNames.map((name) => learns(laboratory, name, { rate, epochs: shuffledEpochs, seed })),
          ),
        ),
      ),
    ])
    return { rate, functions, shuffled }
  },
  holds({ functions, shuffled }) {
    const expected = String([true, true, false])
    return (
      String(functions.map(isSolved)) === expected &&
      shuffled.every((each) => String(each) === expected) &&
      functions.every(({ byHand, mistakes }) =>
        byHand.every((epoch, index) => epoch.mistakes === mistakes[index]),
      )
    )
  },
  show({ rate, functions, shuffled }) {
    const count = (index: number) => shuffled.filter((each) => each[index]).length
    return {
      summary: `With shuffled rows, ${functionNames.map((name, index) => `${name.toUpperCase()} was learned with ${count(index)} of ${shuffled.length} seeds`).join(', ')}. The line is drawn half a step below 0, because a row at exactly 0 counts as 1.`,
      plots: [
        {
          type: 'planes',
          title: 'The line of the unit',
          x: 'x₁',
          y: 'x₂',
          maps: functions.map((each) => mapOf(each, rate)),
        },
        ...functions.map(tableOf),
        { type: 'words', lines: inequalities },
      ],
    }
  },
  async *attack(laboratory) {
    for (const rate of [0.001, 0.03, 0.5, 3, 100]) {
      const found: string[] = []
      for (let seed = 101; seed <= 110; seed++) {
        const order = { rate, epochs: shuffledEpochs, seed }
        const solved = await Promise.all(functionNames.map((name) => learns(laboratory, name, order)))
        if (String(solved) !== String([true, true, false])) found.push(`seed ${seed}: ${solved}`)
      }
      const change = `rate ${rate}, 10 orders of the rows`
      yield {
        change,
        figure: found.join(', ') || 'AND and OR learned, XOR not',
        isOverturned: found.length > 0,
      }
    }
  },
})
