/** Runs training steps, epochs and predictions as program.ts specifies. */
import { Control } from './control'
import { gatherColumns, narrowRows, narrowStep } from './narrow'
import { lossSum, runOperations, place, right, seedDropout, setRows, setStep, setSums } from './operations'
import { drawWithReplacement, permute, sequence } from './random'

export namespace Reason {
  export const epochs: i32 = 0
  export const steps: i32 = 1
  export const diverged: i32 = 2
}

export namespace Sampling {
  export const sequential: i32 = 0
  export const shuffle: i32 = 1
}

/** Word `index` of the encoded program's header. */
// @ts-ignore: decorator
@inline
function header(program: usize, index: usize): i32 {
  return load<i32>(program + (index << 2))
}

// @ts-ignore: decorator
@inline
function list(program: usize, index: usize): usize {
  return program + ((<usize>header(program, 9 + index)) << 2)
}

// @ts-ignore: decorator
@inline
function copyRow(from: usize, to: usize, floats: i32): void {
  for (; floats >= 4; floats -= 4, from += 16, to += 16) v128.store(to, v128.load(from))
  for (; floats > 0; floats--, from += 4, to += 4) store<f32>(to, load<f32>(from))
}

/** Copies rows of `width` floats to a buffer, in the given order or, with order 0, sequentially. */
function gather(from: usize, to: usize, width: i32, order: usize, count: i32): void {
  const bytes = (<usize>width) << 2
  if (!order) {
    copyRow(from, to, width * count)
    return
  }
  for (; count > 0; count--, order += 4, to += bytes) copyRow(from + <usize>load<u32>(order) * bytes, to, width)
}

function loadBatch(c: Control, x: usize, y: usize, order: usize, count: i32): void {
  const program = c.program
  gather(x, c.arena + ((<usize>header(program, 5)) << 2), header(program, 2), order, count)
  gather(y, c.arena + ((<usize>header(program, 6)) << 2), header(program, 3), order, count)
}

function orderRows(c: Control): void {
  if (c.sampling == Sampling.sequential) {
    if (c.orderedEpoch < 0) sequence(c.order, c.trainingRows)
  } else if (c.sampling == Sampling.shuffle) permute(c.order, c.trainingRows, c.orderLow, c.orderHigh, c.epoch, c.scratch)
  else drawWithReplacement(c.order, c.trainingRows, c.orderLow, c.orderHigh, c.epoch, c.scratch)
  c.orderedEpoch = c.epoch
}

/** Runs one training step at the current position. */
export function step(c: Control, rate: f64, stepsPerEpoch: i32): void {
  const program = c.program
  const capacity = header(program, 1)
  if (c.orderedEpoch != c.epoch) orderRows(c)
  const first = c.step * capacity
  const count = min(capacity, c.trainingRows - first)
  const narrow = c.narrow && count == narrowRows
  if (!c.loaded) {
    const order = c.order + ((<usize>first) << 2)
    if (narrow) {
      gatherColumns(c.trainingX, c.arena + ((<usize>header(program, 5)) << 2), header(program, 2), order)
      gatherColumns(c.trainingY, c.arena + ((<usize>header(program, 6)) << 2), header(program, 3), order)
    } else loadBatch(c, c.trainingX, c.trainingY, order, count)
    c.loaded = i32(stepsPerEpoch == 1 && c.sampling == Sampling.sequential)
  }
  setRows(count)
  setStep(rate, <u64>c.epoch * <u64>stepsPerEpoch + <u64>c.step)
  setSums(c.lossSum, c.right)
  if (narrow) narrowStep(list(program, 0), list(program, 1), list(program, 2), list(program, 3))
  // Forward, backward and update are contiguous.
  else runOperations(list(program, 0), list(program, 3))
  c.lossSum = lossSum
  c.right = right
  c.step++
}

/** Validates, writes the epoch's metrics and advances. @returns false when the validation loss is not finite. */
export function finishEpoch(c: Control): bool {
  const program = c.program
  const capacity = header(program, 1)
  setSums(0, 0)
  for (let first = 0; first < c.validationRows; first += capacity) {
    const count = min(capacity, c.validationRows - first)
    const x = c.validationX + ((<usize>first * <usize>header(program, 2)) << 2)
    const y = c.validationY + ((<usize>first * <usize>header(program, 3)) << 2)
    loadBatch(c, x, y, 0, count)
    c.loaded = 0
    setRows(count)
    runOperations(list(program, 3), list(program, 4))
  }
  if (!isFinite(lossSum)) return false
  const answersPerRow = header(program, 15)
  const answers: f64 = answersPerRow ? <f64>answersPerRow : NaN
  const to = c.metrics + ((<usize>c.finished) << 5)
  store<f64>(to, c.lossSum / <f64>c.trainingRows)
  store<f64>(to, c.right / (<f64>c.trainingRows * answers), 8)
  store<f64>(to, c.validationRows ? lossSum / <f64>c.validationRows : NaN, 16)
  store<f64>(to, c.validationRows ? right / (<f64>c.validationRows * answers) : NaN, 24)
  c.finished++
  c.epoch++
  c.step = 0
  c.lossSum = 0
  c.right = 0
  return true
}

/** Runs a slice as the control block specifies. @returns the reason why it ended. */
export function run(address: usize): i32 {
  const c = changetype<Control>(address)
  place(c.arena, c.scratch, c.operationScratch)
  seedDropout(c.dropoutLow, c.dropoutHigh)
  c.finished = 0
  const capacity = header(c.program, 1)
  const stepsPerEpoch = (c.trainingRows + capacity - 1) / capacity
  let steps = 0
  while (true) {
    if (c.step == stepsPerEpoch && !finishEpoch(c)) return Reason.diverged
    if (c.finished == c.epochs) return Reason.epochs
    if (steps == c.steps) return Reason.steps
    step(c, load<f64>(c.rates + ((<usize>c.finished) << 3)), stepsPerEpoch)
    if (!isFinite(c.lossSum)) return Reason.diverged
    steps++
  }
}

/** Runs the list `prediction` for `count` rows of the buffer `input`. */
export function predict(program: usize, arena: usize, scratch: usize, operationScratch: usize, count: i32): void {
  place(arena, scratch, operationScratch)
  setRows(count)
  runOperations(list(program, 4), list(program, 5))
}
