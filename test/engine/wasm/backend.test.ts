import { Worker } from 'node:worker_threads'
import { describe, expect, test } from 'vitest'
import { Dataset, readEpochs, train } from '../../../src/engine/index.js'
import { controlBytes, controlFields } from '../../../src/engine/kernels/wasm/control.js'
import { loadAssembly, unavailableReason } from '../../../src/engine/kernels/wasm/module.js'
import { trainingCase } from '../../support/training-case.js'

const reason = unavailableReason()
if (reason !== null) console.warn(`The WASM backend is not tested: ${reason}`)

const endless = trainingCase(
  {
    network: { inputShape: [6], layers: [{ type: 'dense', units: 3, activation: 'tanh' }] },
    loss: 'squaredError',
    epochs: 10_000_000,
    batchSize: 2,
  },
  20,
)

describe.skipIf(reason !== null)('the WASM backend', () => {
  test('runs and reports the relaxed build where relaxed SIMD is supported', () => {
    expect(loadAssembly().variant).toBe('relaxed')
    const training = train(endless.program, endless.dataset(), { backend: 'wasm', seed: 1 })
    expect([training.backend, training.backendDetail]).toEqual(['wasm', 'relaxed'])
  })

  test('stops when another thread sets the flag during a run', async () => {
    const stop = new Int32Array(new SharedArrayBuffer(4))
    const worker = new Worker(
      'setTimeout(() => Atomics.store(require("node:worker_threads").workerData, 0, 1), 30)',
      {
        eval: true,
        workerData: stop,
      },
    )
    await new Promise((resolve) => worker.once('online', resolve))
    const training = train(endless.program, endless.dataset(), { backend: 'wasm', seed: 1 })
    const { state } = training.run({ stop })
    expect(state).toBe('stopped')
    await worker.terminate()
  })

  test('computes the same while it polls a stop flag that is never set', () => {
    const { program, dataset } = trainingCase(
      {
        network: { inputShape: [6], layers: [{ type: 'dense', units: 3, activation: 'tanh' }] },
        loss: 'squaredError',
        epochs: 60,
        batchSize: 2,
        schedule: { type: 'exponential', factor: 0.8 },
      },
      20,
    )
    const run = (stop?: Int32Array<SharedArrayBuffer>) =>
      readEpochs(train(program, dataset(), { backend: 'wasm', seed: 1 }).run({ stop }).epochs)
    const alone = run()
    expect(alone).toHaveLength(60)
    expect(run(new Int32Array(new SharedArrayBuffer(4)))).toEqual(alone)
  })

  test('resumes after a call without remaining steps', () => {
    const training = train(endless.program, endless.dataset(), { backend: 'wasm', seed: 1 })
    expect(readEpochs(training.run({ maximumEpochs: 3000 }).epochs).map(({ epoch }) => epoch)).toEqual(
      Array.from({ length: 3000 }, (_, i) => i + 1),
    )
  })

  test('has no denormals when training continues long after convergence', () => {
    const rows = 150
    const spec = {
      network: {
        inputShape: [4],
        layers: [
          { type: 'dense' as const, units: 16, activation: 'relu' as const },
          { type: 'dense' as const, units: 3, activation: 'softmax' as const },
        ],
      },
      loss: 'categoricalCrossentropy' as const,
      epochs: 12_000,
      batchSize: 16,
    }
    const { program, x } = trainingCase(spec, rows)
    // Three classes of points in the plane, two halves and a corner, which a network can separate.
    const targets = new Float64Array(3 * rows)
    for (let row = 0; row < rows; row++) {
      const [first = 0, second = 0] = x.slice(4 * row)
      targets[3 * row + (first > 0 && second > 0 ? 2 : Number(first > 0))] = 1
    }
    const dataset = Dataset.from(Float64Array.from(x), targets, {
      training: Int32Array.from({ length: rows }, (_, row) => row),
      validation: new Int32Array(0),
    })
    const training = train(program, dataset, { backend: 'wasm', seed: 1 })
    const least = Array.from({ length: 6 }, () => {
      training.run({ maximumEpochs: 2_000 })
      // Adam squares the gradients.
      const sizes = [...training.gradients().values()].flatMap(({ values }) => [...values].map(Math.abs))
      return Math.min(...sizes.filter((size) => size > 0))
    })
    expect(Math.min(...least)).toBeLessThan(1e-12)
    expect(Math.min(...least)).toBeGreaterThan(1e-30)
  })

  test('fields of the control block are contiguous, with float64 at multiples of eight', () => {
    const places = Object.entries(controlFields)
    let next = 0
    for (const [name, place] of places) {
      expect(place, name).toBe(next)
      next += name === 'lossSum' || name === 'right' ? 8 : 4
    }
    expect(next).toBeLessThanOrEqual(controlBytes)
    expect([controlFields.lossSum % 8, controlFields.right % 8]).toEqual([0, 0])
  })
})
