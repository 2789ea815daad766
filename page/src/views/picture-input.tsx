/** A picture for a model: a file as it is, or a digit that is drawn where the model takes 28 × 28 shades. */
import { useEffect, useState } from 'preact/hooks'
import type { Model } from '../api/types.js'
import { DigitPad } from '../components/digit-pad.js'
import { DropZone } from '../components/drop-zone.js'

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
          white={greatest}
          onDraw={(pixels) => {
            setFile(null)
            onPicture(pixels)
          }}
        />
      ) : null}
    </>
  )
}

function Shown({ file }: { file: File }) {
  const [url, setUrl] = useState<string | null>(null)
  useEffect(() => {
    const made = URL.createObjectURL(file)
    setUrl(made)
    return () => URL.revokeObjectURL(made)
  }, [file])
  return url === null ? null : <img class="asked" src={url} alt={`What is asked about: ${file.name}`} />
}
