/** The reading process: reads one untrusted upload, and may be killed at any time. */
import { lowerPriority } from '../../base/low-priority.js'
import { type Prepared, prepare } from '../prepare.js'
import { DatasetError } from '../table.js'
import {
  type FromReadingProcess,
  maximumPendingPieces,
  type ReadingRequest,
  type ToReadingProcess,
} from './messages.js'
import { openFiles } from './open-files.js'

// It starts with the middle one, so that uploads begin on a busy machine, too.
lowerPriority()

let pending = 0
let onTaken: () => void = () => {}

process.on('message', (message: ToReadingProcess) => {
  switch (message.type) {
    case 'read':
      read(message.request).then(
        () => send({ type: 'end' }),
        (error: unknown) => send(toFailure(error)),
      )
      break
    case 'taken':
      pending -= 1
      onTaken()
      break
    default:
      message satisfies never
  }
})
// Exits with its parent.
process.on('disconnect', () => process.exit())

async function read({ files, folder, options, preparation, limits }: ReadingRequest): Promise<void> {
  const openedFiles = await openFiles(files, folder, options, limits)
  for await (const piece of prepare(openedFiles, preparation)) {
    send(piece.type === 'rows' ? { type: 'rows', piece } : describe(piece))
    pending += 1
    while (pending >= maximumPendingPieces)
      await new Promise<void>((resolve) => {
        onTaken = resolve
      })
  }
}

function describe({ dataset, examples }: Extract<Prepared, { type: 'end' }>): FromReadingProcess {
  return { type: 'description', dataset: JSON.stringify(dataset), examples: JSON.stringify(examples) }
}

function send(message: FromReadingProcess): void {
  process.send?.(message)
}

function toFailure(error: unknown): FromReadingProcess {
  if (error instanceof DatasetError) return { type: 'refused', code: error.code, message: error.message }
  if (!(error instanceof Error)) return { type: 'failed', code: undefined, message: String(error) }
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined
  return { type: 'failed', code, message: error.stack ?? error.message }
}
