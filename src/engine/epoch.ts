/** What one epoch measured. */
export interface Epoch {
  /** Counted from 1. */
  epoch: number
  /** Mean over the epoch's rows as seen while training; null when not finite. */
  loss: number | null
  /** Share of right answers, as seen while training; null when the task is no classification. */
  accuracy: number | null
  /** Over the validation rows after the epoch, in inference mode; null without such rows. */
  valLoss: number | null
  valAccuracy: number | null
  /** The loss or the weights were not finite: training ended here. */
  diverged?: true
}
