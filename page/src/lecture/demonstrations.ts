/** The demonstrations of the lecture. Ids and claims match those of the command line (examples/demonstrations.ts). */
import { post } from '../api/client.js'
import type { JobRequest } from '../api/types.js'
import { pointsIn, samplesIn } from '../draw/rows.js'
import { percent, plural, short } from '../format.js'
import { generator, normal } from '../random.js'
import { type Demonstration, type Line, truthTableRows } from './demonstration.js'
import { digits } from './digits.js'
import { dense, finalLoss, predictOutputs, type Trained, train } from './training.js'

/** Grid points along each side of a small map. */
const mapPoints = 40

function toMaps(title: string, { frame, rows }: Trained) {
  if (frame === null || rows === null) return []
  return [{ title, frame, points: pointsIn(rows, frame.axes), samples: samplesIn(rows, frame.axes) }]
}

/** Accuracy of a network with one output on its training rows. */
async function accuracyOnRows({ modelId, rows }: Trained): Promise<number> {
  const table = (rows?.data ?? []).map((row) => row.map(Number))
  const outputs = await predictOutputs(
    modelId,
    table.map((row) => row.slice(0, -1)),
  )
  const right = table.filter((row, index) => (outputs[index]?.[0] ?? 0) >= 0.5 === (row.at(-1) === 1))
  return right.length / table.length
}

const lossLine = (label: string, { epochs }: Trained): Line => ({
  label,
  x: epochs.map(({ epoch }) => epoch),
  y: epochs.map(({ loss }) => loss),
})

const perceptron: Demonstration = {
  id: 'perceptron',
  title: 'The perceptron',
  claim: 'One threshold unit learns AND and OR but not XOR.',
  async run() {
    const names = ['and', 'or', 'xor'] as const
    const trained = await Promise.all(
      names.map((name) =>
        train(
          {
            name: `Lecture: perceptron on ${name.toUpperCase()}`,
            dataset: name,
            network: {
              layers: [{ ...dense(1, 'step'), kernelInitializer: 'zeros' }],
            } as JobRequest['network'],
            loss: 'perceptron',
            optimizer: { type: 'sgd', learningRate: 1 } as JobRequest['optimizer'],
            batchSize: 1,
            sampling: 'sequential',
            epochs: 12,
          },
          mapPoints,
        ),
      ),
    )
    // The accuracy of an epoch is measured while the weights still change, so measure the final network.
    const accuracies = await Promise.all(trained.map(accuracyOnRows))
    return {
      plots: [
        {
          type: 'maps',
          maps: trained.flatMap((run, index) => toMaps((names[index] ?? '').toUpperCase(), run)),
        },
      ],
      summary: `Accuracy of the trained networks: ${names.map((name, index) => `${name.toUpperCase()} ${percent(accuracies[index])}`).join(' · ')}. No straight line separates XOR.`,
    }
  },
}

const xor: Demonstration = {
  id: 'xor',
  title: 'Two layers on XOR',
  claim: 'Two layers learn XOR.',
  async run() {
    const trained = await train(
      {
        name: 'Lecture: XOR',
        dataset: 'xor',
        network: { layers: [dense(4, 'tanh'), dense(1, 'sigmoid')] },
        loss: 'binaryCrossentropy',
        optimizer: { type: 'adam', learningRate: 0.05 } as JobRequest['optimizer'],
        epochs: 500,
        seed: 1,
      },
      mapPoints,
    )
    return {
      plots: [
        { type: 'maps', maps: toMaps('XOR after 500 epochs', trained) },
        { type: 'curves', lines: [lossLine('Loss', trained)], x: 'epoch', y: 'loss' },
      ],
      summary: `Loss of the last epoch: ${short(finalLoss(trained))}. Accuracy of the trained network: ${percent(await accuracyOnRows(trained))}.`,
    }
  },
}

const booleanFunction: Demonstration = {
  id: 'boolean-function',
  title: 'Boolean functions',
  claim: 'A network can represent any Boolean function without training.',
  // Parity.
  trueRows: [1, 2, 4, 7],
  async run(trueRows) {
    const model = await post('/models', {
      name: `Lecture: true at ${trueRows.join(', ') || 'none'}`,
      construct: { dnf: { inputs: 3, trueRows: [...trueRows] } },
    })
    const outputs = await predictOutputs(model.id, truthTableRows)
    return {
      plots: [
        {
          type: 'table',
          heads: ['x₁ x₂ x₃', 'target', 'output'],
          rows: truthTableRows.map((row, index) => [
            row.join(' '),
            trueRows.includes(index) ? '1' : '0',
            String(outputs[index]?.[0] ?? ''),
          ]),
        },
      ],
      summary: `${plural(trueRows.length, 'true row')}, ${plural(model.parameters, 'parameter')}. One unit for each true row, and one for their OR.`,
    }
  },
}

const approximation: Demonstration = {
  id: 'approximation',
  title: 'Approximation',
  claim: 'One hidden layer approximates continuous functions, and a wider layer approximates them better.',
  async run() {
    const xs = Array.from({ length: 64 }, (_, index) => (6 * index) / 63 - 2)
    const f = (x: number) => Math.abs(x) / 2 + Math.cos(2 * x) / 2
    const widths = [1, 2, 4, 8]
    const best = await Promise.all(
      widths.map(async (width) => {
        const trained = await Promise.all(
          [1, 2, 3, 4].map((seed) =>
            train(
              {
                name: `Lecture: width ${width}`,
                dataset: { x: xs, y: xs.map(f) },
                network: { layers: [dense(width, 'tanh'), dense(1, 'linear')] },
                loss: 'meanSquaredError',
                optimizer: { type: 'adam', learningRate: 0.05 } as JobRequest['optimizer'],
                schedule: { type: 'cosine' } as JobRequest['schedule'],
                batchSize: 'full',
                epochs: 2_000,
                seed,
              },
              128,
            ),
          ),
        )
        return trained.reduce((a, b) => (finalLoss(b) < finalLoss(a) ? b : a))
      }),
    )
    return {
      plots: [
        {
          type: 'maps',
          maps: best.flatMap((run, index) => toMaps(`width ${widths[index]}`, run)),
        },
        {
          type: 'bars',
          unit: 'mean squared error (logarithmic)',
          bars: best.map((run, index) => ({
            label: `width ${widths[index]}`,
            value: finalLoss(run),
            note: short(finalLoss(run)),
          })),
        },
      ],
      summary: 'For each width, the best of four seeds after 2,000 steps of Adam.',
    }
  },
}

const depth: Demonstration = {
  id: 'depth',
  title: 'Depth and width',
  claim: 'With equal parameters, a deep network learns what a wide one does not.',
  async run() {
    const shapes = [[112], [18, 18], [13, 13, 13], [11, 11, 11, 11]]
    const trained = await Promise.all(
      shapes.map((hidden) =>
        train(
          {
            name: `Lecture: depth ${hidden.length}`,
            dataset: { name: 'spirals', rows: 400, noise: 0.03, seed: 1 },
            network: { layers: [...hidden.map((units) => dense(units, 'tanh')), dense(1, 'sigmoid')] },
            loss: 'binaryCrossentropy',
            optimizer: { type: 'adam', learningRate: 0.01 } as JobRequest['optimizer'],
            epochs: 250,
            batchSize: 32,
            seed: 1,
          },
          64,
        ),
      ),
    )
    const title = (index: number) => (shapes[index] ?? []).join(' → ')
    const accuracies = await Promise.all(trained.map(accuracyOnRows))
    return {
      plots: [
        {
          type: 'curves',
          lines: trained.map((run, index) => lossLine(title(index), run)),
          x: 'epoch',
          y: 'loss',
        },
        { type: 'maps', maps: trained.flatMap((run, index) => toMaps(title(index), run)) },
      ],
      summary: trained
        .map(
          ({ job }, index) =>
            `${title(index)} (${job.parameters} parameters): accuracy ${percent(accuracies[index])}`,
        )
        .join(' · '),
    }
  },
}

const descent: Demonstration = {
  id: 'descent',
  title: 'Gradient descent',
  claim: 'Full-batch, mini-batch and stochastic gradient descent: few exact steps or many noisy ones.',
  async run() {
    const samplings = [
      { label: 'gradient descent, 400 rows', batchSize: 'full' as const, perEpoch: 1, epochs: 400 },
      { label: 'mini-batch, 20 rows', batchSize: 20, perEpoch: 20, epochs: 20 },
      { label: 'stochastic, 1 row', batchSize: 1, perEpoch: 400, epochs: 20 },
    ]
    const trained = await Promise.all(
      samplings.map(({ label, batchSize, epochs }) =>
        train({
          name: `Lecture: ${label}`,
          dataset: { name: 'moons', rows: 400, noise: 0.15, seed: 1 },
          network: { layers: [dense(8, 'tanh'), dense(1, 'sigmoid')] },
          loss: 'binaryCrossentropy',
          optimizer: { type: 'sgd', learningRate: 0.1 } as JobRequest['optimizer'],
          batchSize,
          epochs,
          seed: 1,
        }),
      ),
    )
    const lines = (toX: (epoch: number, perEpoch: number) => number, last: number) =>
      trained.map(({ epochs }, index) => {
        const { label, perEpoch } = samplings[index] ?? { label: '', perEpoch: 1 }
        const shown = epochs.filter(({ epoch }) => epoch <= last)
        return {
          label,
          x: shown.map(({ epoch }) => toX(epoch, perEpoch)),
          y: shown.map(({ loss }) => loss),
        }
      })
    return {
      plots: [
        {
          type: 'curves',
          lines: lines((epoch) => epoch, 20),
          x: 'epoch (400 gradients each)',
          y: 'loss',
        },
        {
          type: 'curves',
          lines: lines((epoch, perEpoch) => epoch * perEpoch, 400),
          x: 'step',
          y: 'loss',
          logarithmicX: true,
        },
      ],
      summary: 'Network, data, seed and learning rate are the same. Only the batch size differs.',
    }
  },
}

const momentum: Demonstration = {
  id: 'momentum',
  title: 'Momentum and Adam',
  claim: 'Momentum and Adam converge faster in a narrow valley than plain gradient descent.',
  async run() {
    const x = Array.from({ length: 100 }, (_, row) => [
      (row % 10) / 4.5 - 1,
      (Math.floor(row / 10) / 4.5 - 1) / 10,
    ])
    const y = x.map(([x1 = 0, x2 = 0]) => 2 * x1 - 30 * x2 + 1)
    const optimizers = [
      { label: 'SGD', with: (learningRate: number) => ({ type: 'sgd', learningRate }) },
      {
        label: 'momentum 0.9',
        with: (learningRate: number) => ({ type: 'sgd', learningRate, momentum: 0.9 }),
      },
      { label: 'Adam', with: (learningRate: number) => ({ type: 'adam', learningRate }) },
    ]
    const best = await Promise.all(
      optimizers.map(async ({ label, with: optimizer }) => {
        const trained = await Promise.all(
          [0.03, 0.1, 0.3, 1].map((rate) =>
            train({
              name: `Lecture: ${label}, rate ${rate}`,
              dataset: { x, y },
              network: { layers: [dense(1, 'linear')] },
              loss: 'squaredError',
              optimizer: optimizer(rate) as JobRequest['optimizer'],
              batchSize: 'full',
              epochs: 200,
              seed: 1,
            }).catch(() => null),
          ),
        )
        return trained.reduce((a, b) => (a === null || (b !== null && finalLoss(b) < finalLoss(a)) ? b : a))
      }),
    )
    return {
      plots: [
        {
          type: 'curves',
          lines: best.flatMap((run, index) => {
            const rate = run?.job.spec.optimizer.learningRate
            return run === null ? [] : [lossLine(`${optimizers[index]?.label}, rate ${rate}`, run)]
          }),
          x: 'step',
          y: 'loss',
        },
      ],
      summary:
        'A plane fitted to 100 points whose second input is ten times smaller. Each optimizer uses the best of four learning rates.',
    }
  },
}

const signalLength = 20
const bumpAt = (centre: number) =>
  Array.from({ length: signalLength }, (_, index) => Math.max(0, 1 - Math.abs(index - centre) / 3))
const edges = (signal: readonly number[]) =>
  Array.from({ length: signalLength - 2 }, (_, index) => (signal[index + 2] ?? 0) - (signal[index] ?? 0))

const shift: Demonstration = {
  id: 'shift',
  title: 'Shift equivariance',
  claim: 'Shifting the input of a convolution shifts its output.',
  async run() {
    const trainingSignals = Array.from({ length: 25 }, (_, index) => bumpAt(3 + index / 6))
    const job = {
      dataset: { x: trainingSignals, y: trainingSignals.map(edges) },
      loss: 'meanSquaredError',
      optimizer: { type: 'adam', learningRate: 0.05 } as JobRequest['optimizer'],
      epochs: 400,
      batchSize: 'full',
      seed: 1,
    } as const
    const convolutional = {
      inputShape: [1, signalLength],
      layers: [{ type: 'conv1d', filters: 1, kernelSize: 3 }, { type: 'flatten' }],
    } as unknown as JobRequest['network']
    const [convolution, denseLayer] = await Promise.all([
      train({ ...job, name: 'Lecture: shift, convolution', network: convolutional }),
      train({
        ...job,
        name: 'Lecture: shift, dense',
        network: { layers: [dense(signalLength - 2, 'linear')] },
      }),
    ])
    const signals = Array.from({ length: 7 }, (_, index) => bumpAt(4 + index * 1.75))
    const [convolved, transformed] = await Promise.all([
      predictOutputs(convolution.modelId, signals),
      predictOutputs(denseLayer.modelId, signals),
    ])
    return {
      plots: [
        {
          type: 'signals',
          heads: ['input', 'convolution', 'dense layer'],
          rows: signals.map((signal, row) => [signal, convolved[row] ?? [], transformed[row] ?? []]),
        },
      ],
      summary: `Both were trained to find edges, with bumps in the left half only: the convolution with ${plural(convolution.job.parameters, 'parameter')}, the dense layer with ${plural(denseLayer.job.parameters, 'parameter')}.`,
    }
  },
}

const sharedWeights: Demonstration = {
  id: 'shared-weights',
  title: 'Shared weights',
  claim: 'Shared weights need fewer examples than separate weights per position.',
  async run() {
    const [length, rows, trainingRows] = [16, 80, 16]
    const random = generator(1)
    const x = Array.from({ length: rows }, () => Array.from({ length }, () => normal(random)))
    const y = x.map((signal) =>
      Array.from({ length: length - 2 }, (_, index) => {
        const [left = 0, middle = 0, right = 0] = signal.slice(index, index + 3)
        return left / 4 + middle / 2 + right / 4 + 0.3 * normal(random)
      }),
    )
    const candidates = [
      { label: 'shared', layers: [{ type: 'conv1d', filters: 1, kernelSize: 3 }, { type: 'flatten' }] },
      {
        label: 'separate',
        layers: [{ type: 'locallyConnected1d', filters: 1, kernelSize: 3 }, { type: 'flatten' }],
      },
      { label: 'dense', layers: [{ type: 'flatten' }, dense(length - 2, 'linear')] },
    ]
    const trained = await Promise.all(
      candidates.map(({ label, layers }) =>
        train({
          name: `Lecture: ${label} weights`,
          dataset: { x, y },
          network: { inputShape: [1, length], layers } as unknown as JobRequest['network'],
          loss: 'meanSquaredError',
          optimizer: { type: 'adam', learningRate: 0.03 } as JobRequest['optimizer'],
          epochs: 600,
          batchSize: 'full',
          validationSplit: 1 - trainingRows / rows,
          seed: 1,
        }),
      ),
    )
    return {
      plots: [
        {
          type: 'bars',
          unit: 'mean squared error on held-out rows (logarithmic)',
          bars: trained.map(({ job, epochs }, index) => ({
            label: `${candidates[index]?.label} (${job.parameters})`,
            value: epochs.at(-1)?.valLoss ?? 0,
            note: short(epochs.at(-1)?.valLoss),
          })),
        },
      ],
      summary:
        'All networks learn the same blur from 16 noisy rows. The number of parameters is in parentheses. The noise limits the error to 0.09 at best.',
    }
  },
}

export const demonstrations: readonly Demonstration[] = [
  perceptron,
  xor,
  booleanFunction,
  approximation,
  depth,
  descent,
  momentum,
  shift,
  sharedWeights,
  digits,
]
