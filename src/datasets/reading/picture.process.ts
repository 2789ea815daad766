/** Decodes pictures from strangers in a process that may be killed at any moment. */
import { DatasetError } from '../table.js'
import { decodePicture } from './picture.js'
import type { FromPictureProcess, ToPictureProcess } from './picture-decoder.js'

process.on('message', ({ question, bytes, name, size, imagePixels }: ToPictureProcess) => {
  decodePicture(Buffer.from(bytes), name, size, { imagePixels }).then(
    (pixels) => send({ type: 'decoded', question, pixels }),
    (error: unknown) => {
      const message = error instanceof Error ? error.message : String(error)
      if (error instanceof DatasetError) send({ type: 'refused', question, code: error.code, message })
      else send({ type: 'failed', question, message })
    },
  )
})
// Without its parent nobody waits for an answer.
process.on('disconnect', () => process.exit())

function send(message: FromPictureProcess): void {
  process.send?.(message)
}
