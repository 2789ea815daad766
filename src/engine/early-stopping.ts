/** Early stopping on one metric (Prechelt 1998; patience counted as in Keras). */

import type { EarlyStopping } from '../contract/network.js'
import type { Epoch } from './epoch.js'

/** State of early stopping: plain data, part of a snapshot. */
export interface WatchState {
  /** Best value so far; null before the first epoch. */
  best: number | null
  /** The epoch of that value; absent from snapshots of older versions. */
  bestEpoch?: number | null | undefined
  /** Epochs since the best value. */
  waited: number
}

export class ImprovementWatch {
  readonly state: WatchState = { best: null, bestEpoch: null, waited: 0 }

  constructor(readonly rule: EarlyStopping) {}

  /**
   * @returns `improved` when the metric beats the best by more than minDelta, `stop` after `patience` epochs (at least
   * one) without improvement, otherwise `wait`.
   */
  judge(epoch: Epoch): 'improved' | 'wait' | 'stop' {
    const { monitor, minDelta, patience } = this.rule
    const value = epoch[monitor]
    const { best } = this.state
    if (value !== null && (best === null || this.#gain(value, best) > minDelta)) {
      this.state.best = value
      this.state.bestEpoch = epoch.epoch
      this.state.waited = 0
      return 'improved'
    }
    this.state.waited++
    return this.state.waited >= patience ? 'stop' : 'wait'
  }

  #gain(value: number, best: number): number {
    const { monitor } = this.rule
    return monitor === 'accuracy' || monitor === 'valAccuracy' ? value - best : best - value
  }
}
