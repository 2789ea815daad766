/** Runs the demonstrations of the catalogue (examples/lecture) on the service. */
import {
  approximation,
  approximationJob,
  approximationSeeds,
  approximationWidths,
  kink,
} from '../../../examples/lecture/approximation.js'
import {
  booleanFunction,
  constructionRequest,
  truthTableRows,
} from '../../../examples/lecture/boolean-function.js'
import type { DemonstrationId } from '../../../examples/lecture/catalogue.js'
import { depth, depthJob, spirals } from '../../../examples/lecture/depth.js'
import { batchSizes, descent, descentJob } from '../../../examples/lecture/descent.js'
import { learningRates, momentum, momentumJob, optimizers } from '../../../examples/lecture/momentum.js'
import { perceptron, perceptronEpochs, perceptronJob } from '../../../examples/lecture/perceptron.js'
import {
  connections,
  sharedWeights,
  sharedWeightsJob,
  trainingRows,
} from '../../../examples/lecture/shared-weights.js'
import { shift, shiftJobs, testSignals } from '../../../examples/lecture/shift.js'
import { xor, xorJob } from '../../../examples/lecture/xor.js'
import { post } from '../api/client.js'
import { pointsIn, samplesIn } from '../draw/rows.js'
import { percent, plural, short } from '../format.js'
import type { Line, Plot, Result } from './plot.js'
import { runDigits } from './run-digits.js'
import { finalLoss, lowestLoss, predictOutputs, type Trained, train } from './training.js'

/** Grid points along each side of a small map. */
const mapPoints = 40

const bits = truthTableRows(2)

function toMaps(title: string, { frame, rows }: Trained) {
  if (frame === null || rows === null) return []
  return [{ title, frame, points: pointsIn(rows, frame.axes), samples: samplesIn(rows, frame.axes) }]
}

const maps = (titles: readonly string[], trained: readonly Trained[]): Plot => ({
  type: 'maps',
  maps: trained.flatMap((each, index) => toMaps(titles[index], each)),
})

const lossLine = (label: string, { epochs }: Trained): Line => ({
  label,
  x: epochs.map(({ epoch }) => epoch),
  y: epochs.map(({ loss }) => loss),
})

async function runPerceptron(): Promise<Result> {
  const names = ['and', 'or', 'xor'] as const
  const trained = await Promise.all(
    names.map((name) => train(perceptronJob(name, perceptronEpochs), mapPoints)),
  )
  const [and, or, notLearned] = await Promise.all(
    trained.map(async ({ modelId }) => (await predictOutputs(modelId, bits)).flat()),
  )
  const titles = names.map((name) => name.toUpperCase())
  return {
    plots: [maps(titles, trained)],
    summary: `Outputs for 00, 01, 10 and 11: AND ${and.join(' ')} · OR ${or.join(' ')} · XOR ${notLearned.join(' ')}. No straight line separates XOR.`,
    holds: perceptron.holds({ and, or, xor: notLearned }),
  }
}

async function runXor(): Promise<Result> {
  const trained = await train(xorJob, mapPoints)
  const outputs = (await predictOutputs(trained.modelId, bits)).flat()
  const loss = finalLoss(trained)
  return {
    plots: [
      maps([`XOR after ${xorJob.epochs} epochs`], [trained]),
      { type: 'curves', lines: [lossLine('Loss', trained)], x: 'epoch', y: 'loss' },
    ],
    summary: `Loss of the last epoch: ${short(loss)}. Outputs for 00, 01, 10 and 11: ${outputs.map(short).join(', ')}.`,
    holds: xor.holds({ outputs, loss }),
  }
}

async function runBooleanFunction(trueRows: readonly number[]): Promise<Result> {
  const rows = truthTableRows(3)
  const model = await post('/models', constructionRequest(3, trueRows))
  const outputs = (await predictOutputs(model.id, rows)).flat()
  const targets = rows.map((_, row) => (trueRows.includes(row) ? 1 : 0))
  return {
    plots: [
      {
        type: 'table',
        heads: ['x₁ x₂ x₃', 'target', 'output'],
        rows: rows.map((row, index) => [row.join(' '), String(targets[index]), String(outputs[index])]),
      },
    ],
    summary: `${plural(trueRows.length, 'true row')}, ${plural(model.parameters, 'parameter')}. One unit for each true row, and one for their OR.`,
    holds: booleanFunction.holds({ targets, outputs }),
  }
}

async function runApproximation(): Promise<Result> {
  const best = await Promise.all(
    approximationWidths.map(async (width) => {
      const jobs = approximationSeeds.map((seed) => approximationJob(kink, width, seed))
      return lowestLoss(await Promise.all(jobs.map((job) => train(job, 128))))
    }),
  )
  const titles = approximationWidths.map((width) => `width ${width}`)
  const errors = best.map(finalLoss)
  return {
    plots: [
      maps(titles, best),
      {
        type: 'bars',
        unit: 'mean squared error (logarithmic)',
        bars: errors.map((value, index) => ({ label: titles[index], value, note: short(value) })),
      },
    ],
    summary: `For each width, the best of ${approximationSeeds.length} seeds after 2,000 steps of Adam.`,
    holds: approximation.holds(errors),
  }
}

async function runDepth(): Promise<Result> {
  const trained = await Promise.all(spirals.hidden.map((hidden) => train(depthJob(spirals, hidden, 1), 64)))
  const titles = spirals.hidden.map((hidden) => hidden.join(' → '))
  const networks = trained.map((each) => ({
    parameters: each.job.parameters,
    loss: finalLoss(each),
    accuracy: each.epochs.at(-1)?.accuracy ?? 0,
  }))
  return {
    plots: [
      {
        type: 'curves',
        lines: trained.map((each, index) => lossLine(titles[index], each)),
        x: 'epoch',
        y: 'loss',
      },
      maps(titles, trained),
    ],
    summary: networks
      .map(({ parameters, accuracy }, index) => {
        return `${titles[index]} (${parameters} parameters): accuracy ${percent(accuracy)}`
      })
      .join(' · '),
    holds: depth.holds(networks),
  }
}

async function runDescent(): Promise<Result> {
  const trained = await Promise.all(batchSizes.map((each) => train(descentJob(each))))
  const lines = (toX: (epoch: number, stepsPerEpoch: number) => number, last: number) =>
    trained.map(({ epochs }, index) => {
      const { name, stepsPerEpoch } = batchSizes[index]
      const shown = epochs.filter(({ epoch }) => epoch <= last)
      return {
        label: name,
        x: shown.map(({ epoch }) => toX(epoch, stepsPerEpoch)),
        y: shown.map(({ loss }) => loss),
      }
    })
  return {
    plots: [
      { type: 'curves', lines: lines((epoch) => epoch, 20), x: 'epoch (400 gradients each)', y: 'loss' },
      {
        type: 'curves',
        lines: lines((epoch, stepsPerEpoch) => epoch * stepsPerEpoch, 400),
        x: 'step',
        y: 'loss',
        logarithmicX: true,
      },
    ],
    summary: 'Network, data, seed and learning rate are the same. Only the batch size differs.',
    holds: descent.holds(trained.map(({ epochs }) => epochs.map(({ loss }) => loss ?? Number.NaN))),
  }
}

async function runMomentum(): Promise<Result> {
  const best = await Promise.all(
    optimizers.map(async (optimizer) => {
      const jobs = learningRates.map((rate) => momentumJob(optimizer, rate))
      return lowestLoss(await Promise.all(jobs.map((job) => train(job))))
    }),
  )
  return {
    plots: [
      {
        type: 'curves',
        lines: best.map((each, index) => {
          const rate = each.job.spec.optimizer.learningRate
          return lossLine(`${optimizers[index].name}, rate ${rate}`, each)
        }),
        x: 'step',
        y: 'loss',
      },
    ],
    summary: `A plane fitted to 100 points whose second input is ten times smaller. Each optimizer uses the best of ${learningRates.length} learning rates.`,
    holds: momentum.holds(best.map(finalLoss)),
  }
}

async function runShift(): Promise<Result> {
  const trained = await Promise.all([train(shiftJobs.convolution), train(shiftJobs.dense)])
  const [convolution, dense] = await Promise.all(
    trained.map(({ modelId }) => predictOutputs(modelId, testSignals)),
  )
  const [convolutional, full] = trained.map(({ job }) => plural(job.parameters, 'parameter'))
  return {
    plots: [
      {
        type: 'signals',
        heads: ['input', 'convolution', 'dense layer'],
        rows: testSignals.map((signal, row) => [signal, convolution[row], dense[row]]),
      },
    ],
    summary: `Both were trained to find edges, with bumps in the left half only: the convolution with ${convolutional}, the dense layer with ${full}.`,
    holds: shift.holds({ convolution, dense }),
  }
}

async function runSharedWeights(): Promise<Result> {
  const trained = await Promise.all(
    connections.map((each) => Promise.all(trainingRows.map((rows) => train(sharedWeightsJob(each, rows))))),
  )
  const errors = trained.map((each) => each.map(({ epochs }) => epochs.at(-1)?.valLoss ?? Number.NaN))
  return {
    plots: [
      {
        type: 'curves',
        lines: errors.map((y, index) => ({
          label: `${connections[index].name}, ${plural(trained[index][0].job.parameters, 'parameter')}`,
          x: trainingRows,
          y,
        })),
        x: 'training rows',
        y: 'held-out error',
      },
    ],
    summary:
      'All networks learn the same blur from noisy rows. The noise limits the mean squared error on held-out rows to 0.09 at best.',
    holds: sharedWeights.holds(errors),
  }
}

/** `trueRows` are the row numbers that a reader chose for a truth table. */
export const runs: Readonly<Record<DemonstrationId, (trueRows: readonly number[]) => Promise<Result>>> = {
  perceptron: runPerceptron,
  xor: runXor,
  'boolean-function': runBooleanFunction,
  approximation: runApproximation,
  depth: runDepth,
  descent: runDescent,
  momentum: runMomentum,
  shift: runShift,
  'shared-weights': runSharedWeights,
  digits: runDigits,
}
