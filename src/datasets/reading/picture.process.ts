/** Decodes untrusted images in a process that may be killed at any time. */
import { DatasetError } from '../table.js'
import { decodePicture } from './picture.js'
import type { FromPictureProcess, ToPictureProcess } from './picture-decoder.js'

process.on('message', ({ callId, bytes, name, size, imagePixels }: ToPictureProcess) => {
  decodePicture(Buffer.from(bytes), name, size, { imagePixels }).then(
    (pixels) => send({ type: 'decoded', callId, pixels }),
    (error: unknown) => {
      const message = error instanceof Error ? error.message : String(error)
      if (error instanceof DatasetError) send({ type: 'refused', callId, code: error.code, message })
      else send({ type: 'failed', callId, message })
    },
  )
})
// Exits with its parent.
process.on('disconnect', () => process.exit())

function send(message: FromPictureProcess): void {
  process.send?.(message)
}
