import type { Boundary } from '../../contract/boundary.js'
import type { Job } from '../../contract/job.js'
import type { PredictorPool } from './predictor-pool.js'

/** The grid of a boundary: `size` raw values at even distances along each axis. */
export type BoundaryGrid = Pick<Boundary, 'axes' | 'size'>

/** What the frames of a watcher have. */
export interface BoundaryView {
  tenantId: string
  grid: BoundaryGrid
  /** Whether the frames of small networks have their weights. */
  hasWeights: boolean
  /** Draw the frames, such as with spans of the request. */
  predictors: Pick<PredictorPool, 'drawBoundary'>
}

export interface BoundaryReader {
  /**
   * Some frames after that epoch, in order, and the epoch from which to continue. An unchanged `position` means that there
   * are no more now.
   */
  readAfter(job: Job, after: number, view: BoundaryView): Promise<{ frames: Boundary[]; position: number }>
}
