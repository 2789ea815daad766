/** What the API process and a reading process tell each other. */
import type { Preparation } from '../../contract/preparation.js'
import type { Prepared } from '../prepare.js'
import type { DatasetError } from '../table.js'
import type { ReadingLimits } from './limits.js'
import type { FormatOptions, UploadedFile } from './open-files.js'

export interface ReadingRequest {
  files: UploadedFile[]
  /** For what has to be unpacked; the caller removes it. */
  folder: string
  options: FormatOptions
  preparation: Preparation
  limits: ReadingLimits
}

export type ToReadingProcess =
  | { type: 'read'; request: ReadingRequest }
  /** One of the pieces was taken, so another may be sent. */
  | { type: 'taken' }

export type FromReadingProcess =
  | { type: 'piece'; piece: Prepared }
  | { type: 'end' }
  /** The file is at fault. */
  | { type: 'refused'; code: DatasetError['code']; message: string }
  /** We or the machine are; `code` is the system's. */
  | { type: 'failed'; code: string | undefined; message: string }

/** Pieces sent and not yet taken; more would only wait in memory. */
export const piecesUnderWay = 2
