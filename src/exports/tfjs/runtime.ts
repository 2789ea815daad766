/** Runs exported layers models with TensorFlow.js (https://www.tensorflow.org/js), where its package is installed. */
import { unzipSync } from 'fflate'
import type { ExportedAnswer } from '../compare.js'
import type { ExpectedPrediction, ExportableModel } from '../exporter.js'
import { channelsFirstPlaces } from '../keras/channels-last.js'
import { importOptional } from '../optional-package.js'

type Runtime = typeof import('@tensorflow/tfjs')

/** Null if the package is not installed. */
export function loadRuntime(): Promise<Runtime | null> {
  return importOptional(async () => {
    const runtime = await import('@tensorflow/tfjs')
    // Without its advice to install a faster package.
    runtime.env().set('PROD', true)
    await runtime.setBackend('cpu')
    return runtime
  })
}

/** The outputs of the network for each row. */
export async function runRows(
  runtime: Runtime,
  zip: Uint8Array,
  { network: { inputShape = [] } }: ExportableModel,
  rows: readonly ExpectedPrediction[],
): Promise<ExportedAnswer[]> {
  const model = await loadModel(runtime, zip)
  const [channels, ...sides] = inputShape
  const shape = sides.length === 0 ? inputShape : [...sides, channels]
  const order = sides.length === 0 ? null : channelsFirstPlaces(inputShape)
  try {
    return rows.map(({ inputs }) =>
      runtime.tidy(() => {
        const values = order === null ? inputs : Float32Array.from(order, (index) => inputs[index])
        const output = model.predict(runtime.tensor(values, [1, ...shape]))
        if (Array.isArray(output)) throw new Error('the layers model has several outputs')
        return { output: output.dataSync() }
      }),
    )
  } finally {
    model.dispose()
  }
}

async function loadModel(runtime: Runtime, zip: Uint8Array) {
  const files = unzipSync(zip)
  const { modelTopology, weightsManifest } = JSON.parse(Buffer.from(files['model.json']).toString())
  const [{ weights: weightSpecs }] = weightsManifest
  const weightData = files['weights.bin'].slice().buffer
  return runtime.loadLayersModel({ load: async () => ({ modelTopology, weightSpecs, weightData }) })
}
