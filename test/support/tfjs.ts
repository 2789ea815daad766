/** Loads the zip of a layers model with TensorFlow.js. */
import * as tf from '@tensorflow/tfjs'
import { unzipSync } from 'fflate'

export async function loadTfjs(zip: Uint8Array): Promise<tf.LayersModel> {
  const files = unzipSync(zip)
  const { modelTopology, weightsManifest } = JSON.parse(Buffer.from(files['model.json']).toString())
  const weightData = files['weights.bin'].slice().buffer
  const [{ weights: weightSpecs }] = weightsManifest
  return tf.loadLayersModel({ load: async () => ({ modelTopology, weightSpecs, weightData }) })
}
