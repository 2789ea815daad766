/** Runs a trivial training, which loads the kernels and lets V8 compile the code before the first job. */
import { compile, Dataset, Predictor, train } from '../src/engine/index.js'
import type { BackendSetting } from '../src/threads/messages.js'

const network = {
  inputShape: [2],
  layers: [
    { type: 'dense', units: 4, activation: 'tanh', useBias: true },
    { type: 'dense', units: 1, activation: 'sigmoid', useBias: true },
  ],
} satisfies Parameters<typeof compile>[0]['network']

const spec = {
  network,
  loss: 'binaryCrossentropy',
  optimizer: { type: 'sgd', learningRate: 0.1, momentum: 0, nesterov: false, weightDecay: 0 },
  epochs: 2,
  sampling: 'shuffle',
} satisfies Parameters<typeof compile>[0]

export function warmUp(backend: BackendSetting): void {
  const shape = { inputShape: [2], targetWidth: 1, trainingRows: 4, validationRows: 0 }
  const rows = { training: Int32Array.of(0, 1, 2, 3), validation: new Int32Array(0) }
  const x = Float32Array.of(0, 0, 0, 1, 1, 0, 1, 1)
  const dataset = Dataset.from(x, Float32Array.of(0, 1, 1, 0), rows)
  const training = train(compile(spec, shape), dataset, { backend, seed: 1 })
  training.run()
  new Predictor(network, training.weights(), { backend }).predict(x)
  training.dispose()
}
