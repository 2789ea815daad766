/** The lecture's demonstrations: what each claims, what it trains, and the plot that makes the point. */
import { post } from '../api/client.js'
import type { JobRequest } from '../api/types.js'
import { pointsIn, samplesIn } from '../draw/rows.js'
import { percent, plural, short } from '../format.js'
import { generator, normal } from '../random.js'
import { type Demonstration, type Line, truthTableRows } from './demonstration.js'
import { digits } from './digits.js'
import { dense, finalLoss, predictOutputs, type Trained, train } from './training.js'

/** Points along each side of a small map. */
const coarse = 40

function toMaps(title: string, { frame, rows }: Trained) {
  if (frame === null || rows === null) return []
  return [{ title, frame, points: pointsIn(rows, frame.axes), samples: samplesIn(rows, frame.axes) }]
}

/** Share of the rows that a network of one output has on their side. */
async function accuracyOnRows({ modelId, rows }: Trained): Promise<number> {
  const table = (rows?.data ?? []).map((row) => row.map(Number))
  const answers = await predictOutputs(
    modelId,
    table.map((row) => row.slice(0, -1)),
  )
  const right = table.filter((row, place) => (answers[place]?.[0] ?? 0) >= 0.5 === (row.at(-1) === 1))
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
  claim: 'One threshold unit learns AND and OR. It cannot learn XOR: no straight line separates it.',
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
          coarse,
        ),
      ),
    )
    // Of the network as it is at the end; the accuracy of an epoch is measured while the weights still turn.
    const right = await Promise.all(trained.map(accuracyOnRows))
    return {
      plots: [
        {
          type: 'maps',
          maps: trained.flatMap((each, place) => toMaps((names[place] ?? '').toUpperCase(), each)),
        },
      ],
      says: `The trained networks have right: ${names.map((name, place) => `${name.toUpperCase()} ${percent(right[place])}`).join(' · ')}`,
    }
  },
}

const xor: Demonstration = {
  id: 'xor',
  title: 'Two layers learn XOR',
  claim: 'A hidden layer bends the plane, so that one line is enough behind it.',
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
      coarse,
    )
    return {
      plots: [
        { type: 'maps', maps: toMaps('XOR after 500 epochs', trained) },
        { type: 'curves', lines: [lossLine('Loss', trained)], x: 'epoch', y: 'loss' },
      ],
      says: `Loss of the last epoch ${short(finalLoss(trained))}. The trained network has ${percent(await accuracyOnRows(trained))} of the corners right.`,
    }
  },
}

const booleanFunction: Demonstration = {
  id: 'boolean-function',
  title: 'Any Boolean function is a network',
  claim:
    'From its disjunctive normal form, without training: a unit for each true row, and one for their OR.',
  // At first their parity.
  trueRows: [1, 2, 4, 7],
  async run(trueRows) {
    const model = await post('/models', {
      name: `Lecture: true at ${trueRows.join(', ') || 'none'}`,
      construct: { dnf: { inputs: 3, trueRows: [...trueRows] } },
    })
    const answers = await predictOutputs(model.id, truthTableRows)
    return {
      plots: [
        {
          type: 'table',
          heads: ['x₁ x₂ x₃', 'wanted', 'network'],
          rows: truthTableRows.map((row, place) => [
            row.join(' '),
            trueRows.includes(place) ? '1' : '0',
            String(answers[place]?.[0] ?? ''),
          ]),
        },
      ],
      says: `${plural(trueRows.length, 'true row')}: ${model.parameters} parameters, no epoch of training.`,
    }
  },
}

const approximation: Demonstration = {
  id: 'approximation',
  title: 'Width against error',
  claim: 'One hidden layer approximates a continuous function, the better the wider it is.',
  async run() {
    const xs = Array.from({ length: 64 }, (_, place) => (6 * place) / 63 - 2)
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
          maps: best.flatMap((each, place) => toMaps(`width ${widths[place]}`, each)),
        },
        {
          type: 'bars',
          unit: 'mean squared error, logarithmic',
          bars: best.map((each, place) => ({
            label: `width ${widths[place]}`,
            value: finalLoss(each),
            note: short(finalLoss(each)),
          })),
        },
      ],
      says: 'The best of four beginnings for each width, 2,000 steps of Adam.',
    }
  },
}

const depth: Demonstration = {
  id: 'depth',
  title: 'Depth against width',
  claim: 'With as many parameters, deep networks learn the spirals that a wide one does not.',
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
    const title = (place: number) => (shapes[place] ?? []).join(' → ')
    const right = await Promise.all(trained.map(accuracyOnRows))
    return {
      plots: [
        {
          type: 'curves',
          lines: trained.map((each, place) => lossLine(title(place), each)),
          x: 'epoch',
          y: 'loss',
        },
        { type: 'maps', maps: trained.flatMap((each, place) => toMaps(title(place), each)) },
      ],
      says: trained
        .map(
          ({ job }, place) =>
            `${title(place)} (${job.parameters} parameters): ${percent(right[place])} of the points right`,
        )
        .join(' · '),
    }
  },
}

const descent: Demonstration = {
  id: 'descent',
  title: 'Few sure steps or many rough ones',
  claim: 'Step for step nothing beats all rows; for the same gradients evaluated, many rough steps win.',
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
    const lines = (xOf: (epoch: number, perEpoch: number) => number, last: number) =>
      trained.map(({ epochs }, place) => {
        const { label, perEpoch } = samplings[place] ?? { label: '', perEpoch: 1 }
        const shown = epochs.filter(({ epoch }) => epoch <= last)
        return {
          label,
          x: shown.map(({ epoch }) => xOf(epoch, perEpoch)),
          y: shown.map(({ loss }) => loss),
        }
      })
    return {
      plots: [
        {
          type: 'curves',
          lines: lines((epoch) => epoch, 20),
          x: 'epoch (400 row gradients each)',
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
      says: 'The same network, data, beginning and rate; only the rows of a step differ.',
    }
  },
}

const momentum: Demonstration = {
  id: 'momentum',
  title: 'Momentum and Adam',
  claim: 'In a long narrow valley plain descent creeps; momentum and Adam run down it.',
  async run() {
    const x = Array.from({ length: 100 }, (_, row) => [
      (row % 10) / 4.5 - 1,
      (Math.floor(row / 10) / 4.5 - 1) / 10,
    ])
    const y = x.map(([x1 = 0, x2 = 0]) => 2 * x1 - 30 * x2 + 1)
    const optimizers = [
      { label: 'plain', with: (learningRate: number) => ({ type: 'sgd', learningRate }) },
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
          lines: best.flatMap((each, place) => {
            const rate = each?.job.spec.optimizer.learningRate
            return each === null ? [] : [lossLine(`${optimizers[place]?.label}, rate ${rate}`, each)]
          }),
          x: 'step',
          y: 'loss',
        },
      ],
      says: 'A plane fitted to 100 points whose second input is ten times smaller; each with the best of four rates.',
    }
  },
}

const signalLength = 20
const bumpAt = (place: number) =>
  Array.from({ length: signalLength }, (_, index) => Math.max(0, 1 - Math.abs(index - place) / 3))
const edges = (signal: readonly number[]) =>
  Array.from({ length: signalLength - 2 }, (_, place) => (signal[place + 2] ?? 0) - (signal[place] ?? 0))

const shift: Demonstration = {
  id: 'shift',
  title: 'Shift the input, and the output shifts',
  claim: 'A convolution that saw bumps in the left half only knows them everywhere. A dense layer does not.',
  async run() {
    const seen = Array.from({ length: 25 }, (_, index) => bumpAt(3 + index / 6))
    const job = {
      dataset: { x: seen, y: seen.map(edges) },
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
    const [convolution, full] = await Promise.all([
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
      predictOutputs(full.modelId, signals),
    ])
    return {
      plots: [
        {
          type: 'signals',
          heads: ['input', 'convolution', 'dense layer'],
          rows: signals.map((signal, row) => [signal, convolved[row] ?? [], transformed[row] ?? []]),
        },
      ],
      says: `Both learned to find edges: the convolution with ${plural(convolution.job.parameters, 'parameter')}, the dense layer with ${plural(full.job.parameters, 'parameter')}.`,
    }
  },
}

const sharedWeights: Demonstration = {
  id: 'shared-weights',
  title: 'Shared weights need fewer examples',
  claim: 'All learn the same blur from 16 noisy rows; those that share their weights hold on new rows.',
  async run() {
    const [length, rows, shown] = [16, 80, 16]
    const random = generator(1)
    const x = Array.from({ length: rows }, () => Array.from({ length }, () => normal(random)))
    const y = x.map((signal) =>
      Array.from({ length: length - 2 }, (_, place) => {
        const [left = 0, middle = 0, right = 0] = signal.slice(place, place + 3)
        return left / 4 + middle / 2 + right / 4 + 0.3 * normal(random)
      }),
    )
    const candidates = [
      { label: 'shared', layers: [{ type: 'conv1d', filters: 1, kernelSize: 3 }, { type: 'flatten' }] },
      {
        label: 'not shared',
        layers: [{ type: 'locallyConnected1d', filters: 1, kernelSize: 3 }, { type: 'flatten' }],
      },
      { label: 'all to all', layers: [{ type: 'flatten' }, dense(length - 2, 'linear')] },
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
          validationSplit: 1 - shown / rows,
          seed: 1,
        }),
      ),
    )
    return {
      plots: [
        {
          type: 'bars',
          unit: 'mean squared error on new rows, logarithmic',
          bars: trained.map(({ job, epochs }, place) => ({
            label: `${candidates[place]?.label} (${job.parameters})`,
            value: epochs.at(-1)?.valLoss ?? 0,
            note: short(epochs.at(-1)?.valLoss),
          })),
        },
      ],
      says: 'In brackets the number of parameters. No network can do better than the noise, 0.09.',
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
