/** Measures how fast this machine trains, then ends. */
import { parentPort, workerData } from 'node:worker_threads'
import { maximumEpochs, trainingSchema } from '../contract/network.js'
import { compile, Dataset, train } from '../engine/index.js'
import type { Speed } from '../training/ports/speed.js'
import type { BackendSetting } from './messages.js'

if (parentPort === null) throw new Error('calibration.thread.ts runs in a worker thread only')

const backend: BackendSetting = workerData

/**
 * Slices for each of the two networks. The fast ones count, because the slow ones shared the machine with other work.
 */
const slices = 15
const sliceMilliseconds = 5

/** Measures the seconds and operations of one step of a network with two hidden layers as wide as its input. */
function measure(features: number, rows: number): { seconds: number; flops: number; usesThreads: boolean } {
  const spec = trainingSchema.parse({
    network: {
      layers: [
        { type: 'dense', units: features, activation: 'tanh' },
        { type: 'dense', units: features, activation: 'tanh' },
        { type: 'dense', units: 1, activation: 'linear' },
      ],
    },
    loss: 'meanSquaredError',
    epochs: maximumEpochs,
    batchSize: 'full',
  })
  const size = { trainingRows: rows, validationRows: 0, features, targetWidth: 1 }
  const dataset = Dataset.allocate(size)
  for (let i = 0; i < dataset.trainingX.length; i++) dataset.trainingX[i] = Math.sin(i)
  const program = compile(spec, { ...size, inputShape: [features] })
  const training = train(program, dataset, { backend, seed: 1 })
  try {
    const secondsPerStep: number[] = []
    for (let slice = 0; slice < slices; slice++) {
      const from = training.epoch
      const begin = performance.now()
      training.run({ milliseconds: sliceMilliseconds })
      const steps = Math.max(1, training.epoch - from)
      secondsPerStep.push((performance.now() - begin) / 1_000 / steps)
    }
    const seconds = secondsPerStep.toSorted((a, b) => a - b)[Math.floor(slices / 4)]
    return {
      seconds,
      flops: program.flopsPerEpoch,
      usesThreads: training.backend === 'native',
    }
  } finally {
    training.dispose()
  }
}

const small = measure(4, 4)
const large = measure(256, 128)
const flopsPerSecond = large.flops / large.seconds
const speed: Speed = {
  secondsPerStep: Math.max(0, small.seconds - small.flops / flopsPerSecond),
  flopsPerSecond,
  usesThreads: large.usesThreads,
}
parentPort.postMessage(speed)
