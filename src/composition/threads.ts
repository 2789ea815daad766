/** The threads and processes that an API process starts. */

import type { ReadingLimits } from '../datasets/reading/limits.js'
import { PictureDecoder } from '../datasets/reading/picture-decoder.js'
import type { SpoolSpace } from '../datasets/reading/spool-space.js'
import { openUploadReader } from '../datasets/reading/upload-reader.js'
import { openCalibration } from '../threads/calibration.js'
import { openExportProcess } from '../threads/export-process.js'
import { openImportThread } from '../threads/import-thread.js'
import { openPredictorPool } from '../threads/predictor-pool.js'
import { openRequestThread } from '../threads/request-thread.js'
import { openSuggestionThread } from '../threads/suggestion-thread.js'

export const threads = {
  openPredictorPool,
  openRequestThread,
  openExportProcess,
  openImportThread,
  openCalibration,
  openSuggestionThread,
  openUploadReader: (limits: ReadingLimits, space: SpoolSpace) => openUploadReader(limits, space),
  openPictureDecoder: (imagePixels: number) => new PictureDecoder(imagePixels),
}

/** Tests replace the functions, whose files exist only after a build. */
export type Threads = typeof threads
