/** Messages between the API process and a reading process. */
import type { Preparation } from '../../contract/preparation.js'
import type { Prepared } from '../prepare.js'
import type { DatasetError } from '../table.js'
import type { ReadingLimits } from './limits.js'
import type { FormatOptions, UploadedFile } from './open-files.js'

export interface ReadingRequest {
  files: UploadedFile[]
  /** The folder for unpacked files. The caller removes it. */
  folder: string
  options: FormatOptions
  preparation: Preparation
  limits: ReadingLimits
}

export type ToReadingProcess =
  | { type: 'read'; request: ReadingRequest }
  /** One piece was consumed, so another may be sent. */
  | { type: 'taken' }

export type FromReadingProcess =
  | { type: 'rows'; piece: Extract<Prepared, { type: 'rows' }> }
  /** The last piece, its parts as JSON: parsed one by one, 10,000 columns block the event loop less than as objects. */
  | { type: 'description'; dataset: string; examples: string }
  | { type: 'end' }
  /** The file is invalid. */
  | { type: 'refused'; code: DatasetError['code']; message: string }
  /** Another error, with the system's error code if it has one. */
  | { type: 'failed'; code: string | undefined; message: string }

/** The most pieces sent and not yet consumed. More would only use memory. */
export const maximumPendingPieces = 2
