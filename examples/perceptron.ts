/** One threshold unit learns AND and OR by Rosenblatt's rule, but cannot learn XOR. */
import { createHash } from 'node:crypto'
import { modelSchema } from '../src/contract/model.js'
import { table } from './chart.js'
import { request } from './client.js'
import { truthTableRows } from './lecture/boolean-function.js'
import { perceptronEpochs as epochs, perceptronJob, truthTables } from './lecture/perceptron.js'
import { predictOutputs, train } from './training.js'

const rows = truthTableRows(2)

export interface Learned {
  name: keyof typeof truthTables
  targets: readonly number[]
  answers: number[]
  /** Mistakes in each epoch. */
  mistakes: number[]
  /** w₁, w₂, b after each epoch, computed locally by the rule. */
  weights: number[][]
  /** w₁, w₂, b after each row of the last epoch. */
  lastSteps: number[][]
  /** Whether the weights of the service's model after each epoch are identical. */
  sameAsService: boolean
  /** The first two epochs with equal weights despite mistakes between them. */
  cycle: [number, number] | undefined
}

/** Trains one unit on each of the three functions. */
export async function learnBooleanFunctions(url: string): Promise<Learned[]> {
  return Promise.all([learn(url, 'and'), learn(url, 'or'), learn(url, 'xor')])
}

async function learn(url: string, name: Learned['name']): Promise<Learned> {
  const targets = truthTables[name]
  // One training per number of epochs, because a model stores only its final weights.
  const trainings = await Promise.all(
    Array.from({ length: epochs }, (_, index) => train(url, perceptronJob(name, index + 1))),
  )
  const models = await Promise.all(
    trainings.map(({ modelId }) => request(`${url}/models/${modelId}`, modelSchema)),
  )
  const answers = await predictOutputs(url, trainings[epochs - 1].modelId, rows)
  const { weights, mistakes, lastSteps } = byHand(targets)
  return {
    name,
    targets,
    answers: answers.flat(),
    mistakes,
    weights,
    lastSteps,
    sameAsService: models.every((model, epoch) => model.weightSha256 === fingerprint(weights[epoch])),
    cycle: findCycle(weights, mistakes),
  }
}

/** Rosenblatt's rule: after each row, w ← w + (y − ŷ) x and b ← b + (y − ŷ), with ŷ = 1 where w·x + b ≥ 0. */
function byHand(targets: readonly number[]): Pick<Learned, 'weights' | 'mistakes' | 'lastSteps'> {
  const weights: number[][] = []
  const mistakes: number[] = []
  let lastSteps: number[][] = []
  let [w1, w2, b] = [0, 0, 0]
  for (let epoch = 0; epoch < epochs; epoch++) {
    let wrong = 0
    lastSteps = []
    for (const [row, [x1, x2]] of rows.entries()) {
      const error = targets[row] - (w1 * x1 + w2 * x2 + b >= 0 ? 1 : 0)
      if (error !== 0) wrong += 1
      w1 += error * x1
      w2 += error * x2
      b += error
      lastSteps.push([w1, w2, b])
    }
    weights.push([w1, w2, b])
    mistakes.push(wrong)
  }
  return { weights, mistakes, lastSteps }
}

/** SHA-256 of weights as the service stores them: float32, little-endian. */
function fingerprint(weights: readonly number[]): string {
  const bytes = Buffer.alloc(4 * weights.length)
  for (const [index, weight] of weights.entries()) bytes.writeFloatLE(weight, 4 * index)
  return createHash('sha256').update(bytes).digest('hex')
}

function findCycle(weights: readonly number[][], mistakes: readonly number[]): Learned['cycle'] {
  for (let later = 1; later < weights.length; later++) {
    const earlier = weights.findIndex((each) => String(each) === String(weights[later]))
    if (earlier < later && mistakes[later] > 0) return [earlier + 1, later + 1]
  }
  return undefined
}

export async function show(url: string): Promise<void> {
  for (const learned of await learnBooleanFunctions(url)) {
    const { name, targets, answers, mistakes, weights, lastSteps, sameAsService, cycle } = learned
    const isLearned = answers.every((answer, row) => answer === targets[row])
    console.log(`\n${name.toUpperCase()}: ${isLearned ? 'learned' : 'not learned'} in ${epochs} epochs`)
    const settled = cycle?.[1] ?? mistakes.indexOf(0) + 1
    const shown = weights
      .slice(0, settled)
      .map(([w1, w2, b], epoch) => [`epoch ${epoch + 1}`, w1, w2, b, mistakes[epoch]])
    console.log(table(['', 'w1', 'w2', 'b', 'mistakes'], shown))
    console.log(`  answers ${answers.join(' ')} to 00 01 10 11, expected ${targets.join(' ')}`)
    console.log(`  the service's weights are ${sameAsService ? '' : 'NOT '}the same after each epoch`)
    if (cycle === undefined) continue
    const round = lastSteps.map((step) => `(${step.join(', ')})`).join(' → ')
    console.log(`  after epoch ${cycle[1]} the weights are those of epoch ${cycle[0]}: they cycle,`)
    console.log(`  in each epoch ${round}`)
  }
  console.log(`
No weights exist for XOR. They would have to satisfy
  (0,0) → 0:            b <  0
  (0,1) → 1:       w2 + b >= 0
  (1,0) → 1:  w1      + b >= 0
  (1,1) → 0:  w1 + w2 + b <  0
The second and third add up to w1 + w2 + 2b >= 0, the first and fourth to w1 + w2 + 2b < 0.`)
}
