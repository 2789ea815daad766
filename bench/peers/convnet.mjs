/** ConvNetJS: plain JavaScript on float64 arrays. XOR gets a linear output, for its regression layer has no sigmoid. */
import convnet from 'convnetjs'
import { inputRow, measure, order, targetRow, task } from './task.mjs'

const xor = task.workload === 'W1'
const fullyConnected = (count) => ({ type: 'fc', num_neurons: count, activation: xor ? 'sigmoid' : 'relu' })
const softmax = { type: 'softmax', num_classes: task.classes }
const convolution = (filters) => ({ type: 'conv', sx: 5, filters, stride: 1, pad: 0, activation: 'relu' })
const pooling = { type: 'pool', sx: 2, stride: 2 }

/** Of a row: [width, height, depth]. */
const size = task.workload === 'W7' ? [28, 28, 1] : [1, 1, task.widths[0]]
const input = { type: 'input', out_sx: size[0], out_sy: size[1], out_depth: size[2] }
const layers =
  task.workload === 'W7'
    ? [convolution(8), pooling, convolution(16), pooling, fullyConnected(64), softmax]
    : [
        ...task.widths.slice(1, -1).map(fullyConnected),
        xor ? { type: 'regression', num_neurons: 1 } : softmax,
      ]
const network = new convnet.Net()
network.makeLayers([input, ...layers])

const volumes = Array.from({ length: task.rows }, (_, row) => {
  const volume = new convnet.Vol(...size, 0)
  volume.w.set(inputRow(row))
  return volume
})
const targets = Array.from({ length: task.rows }, (_, row) => {
  const target = targetRow(row)
  return xor ? [...target] : target.indexOf(1)
})
const trainer = new convnet.SGDTrainer(network, {
  method: task.optimizer,
  learning_rate: task.learningRate,
  momentum: 0.9,
  batch_size: task.batch,
  l2_decay: 0,
  beta1: 0.9,
  beta2: 0.999,
  eps: 1e-8,
})

await measure('convnet', 'convnetjs', () => {
  if (task.predicts) {
    for (let call = 0; call < task.calls; call++) for (const row of volumes) network.forward(row, false)
    return
  }
  for (let epoch = 0; epoch < task.epochs; epoch++)
    for (const row of order()) trainer.train(volumes[row], targets[row])
})
