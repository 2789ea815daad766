/** An image input for a model: a file, or a drawn digit if the model takes 28 × 28 grey levels. */
import { useEffect, useState } from 'preact/hooks'
import type { Model } from '../api/types.js'
import { DigitPad } from '../components/digit-pad.js'
import { DropZone } from '../components/drop-zone.js'

interface Props {
  image: Model['coding']['image']
  drawable: boolean
  /** The value of a white pixel. */
  white: number
  onImage(value: number[] | File | null): void
}

export function ImageInput({ image, drawable, white, onImage }: Props) {
  const [file, setFile] = useState<File | null>(null)
  return (
    <>
      {image === undefined ? null : (
        <>
          <DropZone
            label="Image for the model"
            accept="image/png,image/jpeg"
            onFiles={([first]) => {
              if (first === undefined) return
              setFile(first)
              onImage(first)
            }}
          >
            <b>Drop an image here</b> or choose one: PNG or JPEG, resized to {image.width} × {image.height}{' '}
            pixels by the service.
          </DropZone>
          {file === null ? null : <Thumbnail file={file} />}
        </>
      )}
      {drawable ? (
        <DigitPad
          white={white}
          onDraw={(pixels) => {
            setFile(null)
            onImage(pixels)
          }}
        />
      ) : null}
    </>
  )
}

function Thumbnail({ file }: { file: File }) {
  const [url, setUrl] = useState<string | null>(null)
  useEffect(() => {
    const created = URL.createObjectURL(file)
    setUrl(created)
    return () => URL.revokeObjectURL(created)
  }, [file])
  return url === null ? null : <img class="thumbnail" src={url} alt={`Input: ${file.name}`} />
}
