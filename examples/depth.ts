/** With equally many parameters, several narrow layers learn tasks that one wide layer does not. */
import { drawMap, mapPoints, table } from './chart.js'
import { dense, median, outputsOf, type Trained, train } from './training.js'

const seeds = [1, 2, 3]
const epochs = 250

const tasks = [
  {
    name: 'spirals',
    dataset: { name: 'spirals', rows: 400, noise: 0.03, seed: 1 },
    hidden: [[112], [18, 18], [13, 13, 13], [11, 11, 11, 11]],
  },
  {
    name: 'parity of 6 inputs',
    dataset: { name: 'parity', inputs: 6 },
    hidden: [[56], [17, 17], [13, 13, 13], [11, 11, 11, 11]],
  },
] as const

export interface DepthResult {
  task: string
  networks: {
    hidden: readonly number[]
    parameters: number
    /** Final training loss for each seed. */
    losses: number[]
    accuracies: number[]
    modelIds: string[]
  }[]
}

/** Trains each network with three seeds, 250 epochs each. */
export async function compareDepths(url: string): Promise<DepthResult[]> {
  const results: DepthResult[] = []
  for (const { name, dataset, hidden } of tasks) {
    const networks = await Promise.all(
      hidden.map(async (units) => {
        const trainings = await Promise.all(seeds.map((seed) => trainOne(url, { ...dataset }, units, seed)))
        return {
          hidden: units,
          parameters: trainings[0].job.parameters,
          losses: trainings.map(({ losses }) => losses[losses.length - 1]),
          accuracies: trainings.map(({ last }) => last.accuracy ?? 0),
          modelIds: trainings.map(({ modelId }) => modelId),
        }
      }),
    )
    results.push({ task: name, networks })
  }
  return results
}

function trainOne(
  url: string,
  dataset: Parameters<typeof train>[1]['dataset'],
  hidden: readonly number[],
  seed: number,
): Promise<Trained> {
  return train(url, {
    name: `depth ${hidden.length}`,
    dataset,
    network: { layers: [...hidden.map((units) => dense(units, 'tanh')), dense(1, 'sigmoid')] },
    loss: 'binaryCrossentropy',
    optimizer: { type: 'adam', learningRate: 0.01 },
    epochs,
    batchSize: 32,
    seed,
  })
}

export async function show(url: string): Promise<void> {
  const results = await compareDepths(url)
  for (const { task, networks } of results) {
    console.log(`\n${task}, tanh units, ${seeds.length} seeds, ${epochs} epochs`)
    const rows = networks.map(({ hidden, parameters, losses, accuracies }) => [
      hidden.join(' → '),
      parameters,
      median(losses),
      median(accuracies),
      Math.min(...losses),
    ])
    console.log(table(['hidden units', 'parameters', 'median loss', 'median accuracy', 'minimum loss'], rows))
  }
  const square = { from: -2.1, to: 2.1 }
  const [{ networks }] = results
  for (const { hidden, losses, modelIds } of [networks[0], networks[networks.length - 1]]) {
    const best = modelIds[losses.indexOf(Math.min(...losses))]
    console.log(`\nOutput of ${hidden.join(' → ')} on the spirals`)
    console.log(drawMap((await outputsOf(url, best, mapPoints(square))).flat(), square))
  }
}
