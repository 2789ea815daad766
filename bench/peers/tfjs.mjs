/** TensorFlow.js, core API with fused operations, on the backend that the variant names: cpu or wasm. */
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { batches, measure, task, x } from './task.mjs'

const require = createRequire(import.meta.url)
// It prints an advertisement when it is loaded.
const { warn } = console
console.warn = () => {}
const tf = require('@tensorflow/tfjs')
const wasm = require('@tensorflow/tfjs-backend-wasm')
console.warn = warn
wasm.setWasmPaths(`${dirname(require.resolve('@tensorflow/tfjs-backend-wasm/package.json'))}/dist/`)
await tf.setBackend(task.variant)
await tf.ready()

const variable = (shape, inputs) =>
  tf.variable(tf.randomUniform(shape, -1 / Math.sqrt(inputs), 1 / Math.sqrt(inputs)))
const dense = (inputs, units) => ({ b: variable([inputs, units], inputs), bias: variable([units], inputs) })
const filters = (height, width, channels, count) => ({
  filter: variable([height, width, channels, count], height * width * channels),
  bias: variable([count], height * width * channels),
})
const convolve = (values, layer) =>
  tf.fused.conv2d({ x: values, ...layer, strides: 1, pad: 'valid', activation: 'relu' })
const activated = (values, layer, activation) => tf.fused.matMul({ a: values, ...layer, activation })

/** Channels last: its CPU backend knows no other order. @returns the rows' outputs before softmax */
function network() {
  if (task.workload === 'W7') {
    const [first, second] = [filters(5, 5, 1, 8), filters(5, 5, 8, 16)]
    const [hidden, last] = [dense(256, 64), dense(64, 10)]
    const block = (values, layer) => tf.maxPool(convolve(values, layer), 2, 2, 'valid')
    return (rows) => {
      const flat = block(block(rows, first), second).reshape([-1, 256])
      return activated(activated(flat, hidden, 'relu'), last, 'linear')
    }
  }
  if (task.workload === 'W8') {
    const [first, second, last] = [filters(1, 3, 1, 16), filters(1, 3, 16, 32), dense(32, 4)]
    return (rows) => activated(convolve(convolve(rows, first), second).mean([1, 2]), last, 'linear')
  }
  const layers = task.widths.slice(1).map((units, i) => dense(task.widths[i], units))
  // The fused sigmoid has no gradient.
  if (task.workload === 'W1')
    return (rows) => layers.reduce((values, { b, bias }) => tf.sigmoid(values.matMul(b).add(bias)), rows)
  return (rows) =>
    layers.reduce(
      (values, layer, i) => activated(values, layer, i < layers.length - 1 ? 'relu' : 'linear'),
      rows,
    )
}

const forward = network()
const rowShape = { W7: [28, 28, 1], W8: [1, 128, 1] }[task.workload] ?? task.inputShape
const optimizer =
  task.optimizer === 'sgd' ? tf.train.momentum(task.learningRate, 0.9) : tf.train.adam(task.learningRate)

function computeLoss(outputs, targets) {
  return task.workload === 'W1'
    ? outputs.sub(targets).square().sum().mul(0.5)
    : tf.losses.softmaxCrossEntropy(targets, outputs)
}

function epoch() {
  for (const batch of batches()) {
    tf.tidy(() => {
      const inputs = tf.tensor(batch.inputs, [batch.rows, ...rowShape])
      const targets = tf.tensor(batch.targets, [batch.rows, task.classes])
      optimizer.minimize(() => computeLoss(forward(inputs), targets))
    })
  }
}

await measure(`tfjs-${task.variant}`, join('@tensorflow', 'tfjs'), () => {
  if (task.predicts) {
    const inputs = tf.tensor(x, [task.rows, ...rowShape])
    for (let call = 0; call < task.calls; call++) tf.tidy(() => tf.softmax(forward(inputs)).dataSync())
    inputs.dispose()
    return
  }
  for (let i = 0; i < task.epochs; i++) epoch()
})
