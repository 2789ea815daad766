/** A picture for a model: a file as it is, or a digit that is drawn where the model takes 28 × 28 shades. */
import { useEffect, useRef, useState } from 'preact/hooks'
import type { Model } from '../api/types.js'
import { DigitPad } from '../parts/digit-pad.js'
import { DropZone } from '../parts/drop-zone.js'

interface Props {
  image: Model['coding']['image']
  drawable: boolean
  /** Of a drawn pixel. */
  greatest: number
  onPicture(picture: number[] | File | null): void
}

export function PictureInput({ image, drawable, greatest, onPicture }: Props) {
  const [file, setFile] = useState<File | null>(null)
  return (
    <>
      {image === undefined ? null : (
        <>
          <DropZone
            label="A picture for the model"
            accept="image/png,image/jpeg"
            onFiles={([first]) => {
              if (first === undefined) return
              setFile(first)
              onPicture(first)
            }}
          >
            <b>Drop a picture here</b> or choose one: PNG or JPEG, made {image.width} × {image.height} pixels
            by the service.
          </DropZone>
          {file === null ? null : <Shown file={file} />}
        </>
      )}
      {drawable ? (
        <DigitPad
          greatest={greatest}
          onDraw={(pixels) => {
            setFile(null)
            onPicture(pixels)
          }}
        />
      ) : null}
    </>
  )
}

const shownSide = 280

/** Drawn: the content security policy lets no address of the page's own making be loaded. */
function Shown({ file }: { file: File }) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const [isBroken, setBroken] = useState(false)
  useEffect(() => {
    let over = false
    createImageBitmap(file).then(
      (bitmap) => {
        const context = canvas.current?.getContext('2d')
        if (over || !context) return
        const scale = shownSide / Math.max(bitmap.width, bitmap.height)
        context.canvas.width = Math.max(1, Math.round(bitmap.width * scale))
        context.canvas.height = Math.max(1, Math.round(bitmap.height * scale))
        context.imageSmoothingEnabled = scale < 1
        context.drawImage(bitmap, 0, 0, context.canvas.width, context.canvas.height)
        setBroken(false)
      },
      () => setBroken(!over),
    )
    return () => {
      over = true
    }
  }, [file])
  return (
    <>
      <canvas ref={canvas} class="asked" role="img" aria-label={`What is asked about: ${file.name}`} />
      {isBroken ? <p class="hint">{file.name} is no picture that this browser can show.</p> : null}
    </>
  )
}
