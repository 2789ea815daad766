/** What host and module share of one training: the host writes it into the memory (layout in ../control.ts), the module keeps its position there. */
@unmanaged
export class Control {
  /** Addresses: the encoded program, the arena, the order of rows, scratch and room of the kernels. */
  program: usize
  arena: usize
  order: usize
  scratch: usize
  room: usize
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
  /** Epoch whose rows `order` holds, −1 at first. */
  orderedEpoch: i32
  /** Limits of the call: epochs to finish, steps to run. */
  epochs: i32
  steps: i32
  /** float64 for each of `epochs`: the learning rate; four float64 for each finished one: the metrics. */
  rates: usize
  metrics: usize
  /** Position, moved on in place. */
  epoch: i32
  step: i32
  /** Epochs this call finished. */
  finished: i32
  lossSum: f64
  right: f64
  /** Not 0: the buffers input and target hold the only batch of a sequential epoch already. */
  loaded: i32
  /** Not 0: batches of four rows are held by columns (narrow.ts). */
  narrow: i32
}
