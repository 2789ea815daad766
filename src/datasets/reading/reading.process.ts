/** The reading process: reads one upload from strangers, and may be killed at any moment. */
import { prepare } from '../prepare.js'
import { DatasetError } from '../table.js'
import {
  type FromReadingProcess,
  piecesUnderWay,
  type ReadingRequest,
  type ToReadingProcess,
} from './messages.js'
import { openFiles } from './open-files.js'

let underWay = 0
let onTaken: () => void = () => {}

process.on('message', (message: ToReadingProcess) => {
  switch (message.type) {
    case 'read':
      read(message.request).then(
        () => send({ type: 'end' }),
        (error: unknown) => send(failureOf(error)),
      )
      break
    case 'taken':
      underWay -= 1
      onTaken()
      break
    default:
      message satisfies never
  }
})
// Without its parent nobody waits for the result.
process.on('disconnect', () => process.exit())

async function read({ files, folder, options, preparation, limits }: ReadingRequest): Promise<void> {
  const openedFiles = await openFiles(files, folder, options, limits)
  for await (const piece of prepare(openedFiles, preparation)) {
    send({ type: 'piece', piece })
    underWay += 1
    while (underWay >= piecesUnderWay)
      await new Promise<void>((resolve) => {
        onTaken = resolve
      })
  }
}

function send(message: FromReadingProcess): void {
  process.send?.(message)
}

function failureOf(error: unknown): FromReadingProcess {
  if (error instanceof DatasetError) return { type: 'refused', code: error.code, message: error.message }
  if (!(error instanceof Error)) return { type: 'failed', code: undefined, message: String(error) }
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined
  return { type: 'failed', code, message: error.stack ?? error.message }
}
