/**
 * The control block of one training, shared by host and module; must match ../control.ts. The module updates the
 * position in place.
 */
@unmanaged
export class Control {
  /** Addresses: encoded program, arena, order of rows, scratch of matrix products, scratch of other kernels. */
  program: usize
  arena: usize
  order: usize
  scratch: usize
  operationScratch: usize
  trainingRows: i32
  trainingX: usize
  trainingY: usize
  validationRows: i32
  validationX: usize
  validationY: usize
  /** 0 sequential, 1 shuffle, 2 random. */
  sampling: i32
  orderLow: i32
  orderHigh: i32
  dropoutLow: i32
  dropoutHigh: i32
  /** The epoch that `order` belongs to; initially −1. */
  orderedEpoch: i32
  /** Limits of the call: epochs to finish, steps to run. */
  epochs: i32
  steps: i32
  /** Learning rates, one float64 for each of `epochs`; metrics, four float64 for each finished epoch. */
  rates: usize
  metrics: usize
  /** Position, advanced in place. */
  epoch: i32
  step: i32
  /** Epochs finished by this call. */
  finished: i32
  lossSum: f64
  right: f64
  /** Not 0: the buffers input and target already contain the only batch of every epoch. */
  loaded: i32
  /** Not 0: batches of four rows are stored transposed (narrow.ts). */
  narrow: i32
}
