/**
 * brain.js. It updates after each row, has one activation for all layers and no softmax: the nearest work, not the same.
 */
import brain from 'brain.js'
import { inputRow, measure, targetRow, task } from './task.mjs'

const [inputSize, ...units] = task.widths
const xor = task.workload === 'W1'
const network = new brain.NeuralNetwork({
  inputSize,
  hiddenLayers: units.slice(0, -1),
  outputSize: task.classes,
  activation: xor ? 'sigmoid' : 'relu',
})
const rows = Array.from({ length: task.rows }, (_, row) => ({ input: inputRow(row), output: targetRow(row) }))
const settings = (iterations) => ({
  iterations,
  // Never reached, so that every iteration is done; the error is computed once.
  errorThresh: 1e-300,
  errorCheckInterval: iterations + 1,
  learningRate: xor ? task.learningRate : 0.01,
  momentum: xor ? 0.9 : 0.1,
})

if (task.predicts) network.train(rows.slice(0, 1), settings(1))
await measure('brain', 'brain.js', () => {
  if (!task.predicts) {
    network.train(rows, settings(task.epochs))
    return
  }
  for (let call = 0; call < task.calls; call++) for (const { input } of rows) network.runInput(input)
})
