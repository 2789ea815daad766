/** A picture for a model: a file, the clipboard, the camera, or a drawn digit if the model takes 28 × 28 grey levels. */
import { useEffect, useState } from 'preact/hooks'
import type { Model } from '../api/types.js'
import { CameraView, useCamera, useFrames } from '../components/camera.js'
import { DigitPad } from '../components/digit-pad.js'
import { DropZone } from '../components/drop-zone.js'
import { pastedPicture, toAcceptedPicture } from '../components/picture-file.js'

interface Props {
  image: Model['coding']['image']
  drawable: boolean
  /** The value of a white pixel. */
  white: number
  onImage(value: number[] | File | null): void
  /** Predicts a frame of the camera. The next frame follows when it resolves. */
  onFrame(frame: File): Promise<void>
  /** The camera starts or stops. */
  onLive(isLive: boolean): void
}

export function ImageInput({ image, drawable, white, onImage, onFrame, onLive }: Props) {
  const [file, setFile] = useState<File | null>(null)
  const [problem, setProblem] = useState<string | null>(null)
  const camera = useCamera()
  const isLive = camera.state.type === 'on'
  useFrames(camera, image, isLive, onFrame)
  useEffect(() => {
    onLive(isLive)
    if (!isLive) return
    setFile(null)
    onImage(null)
  }, [isLive])

  const receive = async (chosen: File) => {
    try {
      const picture = await toAcceptedPicture(chosen)
      camera.stop()
      setProblem(null)
      setFile(picture)
      onImage(picture)
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error))
    }
  }
  useEffect(() => {
    if (image === undefined) return
    const paste = (event: ClipboardEvent) => {
      const picture = pastedPicture(event)
      if (picture !== undefined) void receive(picture)
    }
    addEventListener('paste', paste)
    return () => removeEventListener('paste', paste)
  }, [image])

  return (
    <>
      {image === undefined ? null : (
        <>
          <DropZone
            label="Image for the model"
            accept="image/*"
            onFiles={([first]) => {
              if (first !== undefined) void receive(first)
            }}
          >
            <b>Drop a picture here</b>, choose one, or paste one with Ctrl+V. The service resizes it to{' '}
            {image.width} × {image.height} pixels, as in training.
          </DropZone>
          {problem === null ? null : (
            <p class="notice bad" role="alert">
              {problem}
            </p>
          )}
          {file === null ? null : <Thumbnail file={file} />}
          <CameraView camera={camera} size={image} />
        </>
      )}
      {drawable ? (
        <DigitPad
          white={white}
          onDraw={(pixels) => {
            setFile(null)
            camera.stop()
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
