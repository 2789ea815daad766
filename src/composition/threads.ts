/** The threads and processes that an API process starts. */

import type { ReadingLimits } from '../datasets/reading/limits.js'
import { PictureDecoder } from '../datasets/reading/picture-decoder.js'
import { openUploadReader } from '../datasets/reading/upload-reader.js'
import { openCalibration } from '../threads/calibration.js'
import { openExportThread } from '../threads/export-thread.js'
import { openImportThread } from '../threads/import-thread.js'
import { openPredictorPool } from '../threads/predictor-pool.js'
import { openRequestThread } from '../threads/request-thread.js'
import { openSuggestionThread } from '../threads/suggestion-thread.js'

export const threads = {
  openPredictorPool,
  openRequestThread,
  openExportThread,
  openImportThread,
  openCalibration,
  openSuggestionThread,
  openUploadReader: (limits: ReadingLimits) => openUploadReader(limits),
  openPictureDecoder: (imagePixels: number) => new PictureDecoder(imagePixels),
}

/** Tests replace the functions, whose files exist only after a build. */
export type Threads = typeof threads
