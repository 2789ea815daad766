/** jax-js on its WASM backend: one compiled function for loss, gradient and update. */
import {
  blockUntilReady,
  defaultDevice,
  init,
  jit,
  lax,
  nn,
  numpy as np,
  tree,
  valueAndGrad,
} from '@jax-js/jax'
import { batches, measure, task, x } from './task.mjs'

// The library reads it, and Node 20 has none.
Object.defineProperty(globalThis, 'navigator', { value: { hardwareConcurrency: 1 }, configurable: true })
await init('wasm')
defaultDevice('wasm')

const toArray = (values, shape) => np.array(values).reshape(shape)
function random(shape, inputs) {
  const count = shape.reduce((product, size) => product * size, 1)
  const bound = 1 / Math.sqrt(inputs)
  return toArray(
    Float32Array.from({ length: count }, () => (2 * Math.random() - 1) * bound),
    shape,
  )
}
const dense = (inputs, units) => [random([inputs, units], inputs), random([units], inputs)]
const filters = (shape, inputs) => [
  random(shape, inputs),
  random([shape[0], ...shape.slice(2).map(() => 1)], inputs),
]
const product = (values, [weight, bias]) => np.matmul(values, weight).add(bias)
const convolve = (values, [weight, bias], strides) =>
  nn.relu(lax.conv(values, weight, strides, 'VALID').add(bias))

/** @returns parameters, and the function of them and rows that gives outputs before softmax */
function network() {
  if (task.workload === 'W7') {
    const halved = (values, channels, side) =>
      np.max(values.reshape([-1, channels, side, 2, side, 2]), [3, 5])
    const block = (values, layer, channels, side) => halved(convolve(values, layer, [1, 1]), channels, side)
    return [
      [filters([8, 1, 5, 5], 25), filters([16, 8, 5, 5], 200), dense(256, 64), dense(64, 10)],
      (layers, rows) => {
        const flat = block(block(rows, layers[0], 8, 12), layers[1], 16, 4).reshape([-1, 256])
        return product(nn.relu(product(flat, layers[2])), layers[3])
      },
    ]
  }
  if (task.workload === 'W8') {
    return [
      [filters([16, 1, 3], 3), filters([32, 16, 3], 48), dense(32, 4)],
      (layers, rows) =>
        product(np.mean(convolve(convolve(rows, layers[0], [1]), layers[1], [1]), 2), layers[2]),
    ]
  }
  const xor = task.workload === 'W1'
  return [
    task.widths.slice(1).map((units, i) => dense(task.widths[i], units)),
    (layers, rows) =>
      layers.reduce((values, layer, i) => {
        const z = product(values, layer)
        if (xor) return nn.sigmoid(z)
        return i < layers.length - 1 ? nn.relu(z) : z
      }, rows),
  ]
}

const [initial, forward] = network()

function loss(parameters, rows, targets) {
  const count = rows.shape[0]
  if (task.workload === 'W1') return np.square(forward(parameters, rows).sub(targets)).sum().mul(0.5)
  return np.sum(nn.logSoftmax(forward(parameters, rows), -1).mul(targets)).mul(-1 / count)
}

/** Each update takes and returns parameters and their moments; arrays are freed by the operation that reads them last. */
const momentum = jit((parameters, [moments], rows, targets) => {
  const [value, gradients] = valueAndGrad(loss)(tree.ref(parameters), rows, targets)
  const next = tree.map((moment, gradient) => moment.mul(0.9).add(gradient), moments, gradients)
  const moved = tree.map((p, moment) => p.sub(moment.mul(task.learningRate)), parameters, tree.ref(next))
  return [moved, [next], value]
})
const adam = jit((parameters, [first, second], rate, rows, targets) => {
  const [value, gradients] = valueAndGrad(loss)(tree.ref(parameters), rows, targets)
  const m = tree.map((moment, g) => moment.mul(0.9).add(g.mul(0.1)), first, tree.ref(gradients))
  const v = tree.map((moment, g) => moment.mul(0.999).add(np.square(g).mul(0.001)), second, gradients)
  const moved = tree.map(
    (p, a, b) => p.sub(a.mul(rate.ref).div(np.sqrt(b).add(1e-8))),
    parameters,
    tree.ref(m),
    tree.ref(v),
  )
  rate.dispose()
  return [moved, [m, v], value]
})

const zeros = () => tree.map((p) => np.zeros(p.shape), tree.ref(initial))
const sgd = task.optimizer === 'sgd'
let parameters = initial
let moments = sgd ? [zeros()] : [zeros(), zeros()]
let steps = 0

/** Adam's rate of this step, with the correction of both moments' bias. */
function measureRate() {
  steps++
  return (task.learningRate * Math.sqrt(1 - 0.999 ** steps)) / (1 - 0.9 ** steps)
}

async function epoch() {
  for (const batch of batches()) {
    const rows = toArray(batch.inputs, [batch.rows, ...task.inputShape])
    const targets = toArray(batch.targets, [batch.rows, task.classes])
    const [moved, kept, value] = sgd
      ? momentum(parameters, moments, rows, targets)
      : adam(parameters, moments, np.array(measureRate()), rows, targets)
    parameters = moved
    moments = kept
    await blockUntilReady(value)
    value.dispose()
  }
}

const predict = jit((layers, rows) => nn.softmax(forward(layers, rows), -1))

await measure('jaxjs', '@jax-js/jax', async () => {
  if (!task.predicts) {
    for (let i = 0; i < task.epochs; i++) await epoch()
    return
  }
  const rows = toArray(x, [task.rows, ...task.inputShape])
  for (let call = 0; call < task.calls; call++) await predict(tree.ref(parameters), rows.ref).data()
  rows.dispose()
})
