/** What the peers in JavaScript have in common: the task on the command line, its data, and the line they print. */
import { readFileSync } from 'node:fs'
import { dataOf } from '../../dist/bench/workloads.js'

const given = Object.fromEntries(process.argv.slice(2).map((argument) => argument.split('=')))
const numbers = (list) => (list === '' ? [] : list.split(',').map(Number))

/** Empty widths: a convolutional network, which each program builds by the workload's name. */
export const task = {
  workload: given.workload,
  predicts: given.workload.startsWith('P'),
  /** Inputs, then the units of each dense layer. */
  widths: numbers(given.widths),
  inputShape: numbers(given.inputShape),
  classes: Number(given.classes),
  rows: Number(given.rows),
  batch: Number(given.batch),
  epochs: Number(given.epochs),
  calls: Number(given.calls),
  optimizer: given.optimizer,
  learningRate: Number(given.learningRate),
  variant: given.variant,
}

const all = dataOf(task.workload)
const features = task.inputShape.reduce((product, size) => product * size, 1)
/** x [rows, features] and y [rows, classes], one-hot. */
export const x = all.x.subarray(0, task.rows * features)
const y = all.y.subarray(0, task.rows * task.classes)

export const inputRow = (row) => x.subarray(row * features, (row + 1) * features)
export const targetRow = (row) => y.subarray(row * task.classes, (row + 1) * task.classes)

/** Row numbers in random order; in their own where one batch is all of them. */
export function order() {
  const rows = Int32Array.from({ length: task.rows }, (_, row) => row)
  if (task.batch >= task.rows) return rows
  for (let i = rows.length - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1))
    const row = rows[i]
    rows[i] = rows[j]
    rows[j] = row
  }
  return rows
}

/** The epoch's batches in random order: views of x and y, valid until the next epoch. */
export function* batches() {
  const rows = order()
  const [inputs, targets] = [new Float32Array(x.length), new Float32Array(y.length)]
  for (const [place, row] of rows.entries()) {
    inputs.set(inputRow(row), place * features)
    targets.set(targetRow(row), place * task.classes)
  }
  for (let from = 0; from < task.rows; from += task.batch) {
    const to = Math.min(from + task.batch, task.rows)
    yield {
      rows: to - from,
      inputs: inputs.subarray(from * features, to * features),
      targets: targets.subarray(from * task.classes, to * task.classes),
    }
  }
}

/** Runs `pass` once to warm up, then as often as the task says, and prints the seconds that each run took. */
export async function measure(peer, folder, pass) {
  await pass()
  const seconds = []
  for (let run = 0; run < Number(given.runs); run++) {
    const begin = performance.now()
    await pass()
    seconds.push((performance.now() - begin) / 1000)
  }
  const manifest = new URL(`node_modules/${folder}/package.json`, import.meta.url)
  const { version } = JSON.parse(readFileSync(manifest, 'utf8'))
  console.log(JSON.stringify({ peer, version, seconds }))
  process.exit()
}
