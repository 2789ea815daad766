/** With equally many parameters, several narrow layers learn tasks that one wide layer does not. */
import { drawMap, mapPoints, table } from './chart.js'
import { depthEpochs, depthJob, parity, depthSeeds as seeds, spirals } from './lecture/depth.js'
import { median, predictOutputs, train } from './training.js'

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

/** Trains each network of both tasks with each seed. */
export async function compareDepths(url: string): Promise<DepthResult[]> {
  const results: DepthResult[] = []
  for (const task of [spirals, parity]) {
    const networks = await Promise.all(
      task.hidden.map(async (units) => {
        const trainings = await Promise.all(seeds.map((seed) => train(url, depthJob(task, units, seed))))
        return {
          hidden: units,
          parameters: trainings[0].job.parameters,
          losses: trainings.map(({ losses }) => losses[losses.length - 1]),
          accuracies: trainings.map(({ last }) => last.accuracy ?? 0),
          modelIds: trainings.map(({ modelId }) => modelId),
        }
      }),
    )
    results.push({ task: task.name, networks })
  }
  return results
}

export async function show(url: string): Promise<void> {
  const results = await compareDepths(url)
  for (const { task, networks } of results) {
    console.log(`\n${task}, tanh units, ${seeds.length} seeds, ${depthEpochs} epochs`)
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
    console.log(drawMap((await predictOutputs(url, best, mapPoints(square))).flat(), square))
  }
}
