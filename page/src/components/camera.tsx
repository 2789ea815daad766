/** The camera of the device: its moving picture, and frames of it as files. */
import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import { Icon } from './icon.js'
import { toFile } from './picture-file.js'

interface Size {
  width: number
  height: number
}

type State = { type: 'off' | 'starting' | 'on' } | { type: 'refused'; message: string }

export interface Camera {
  state: State
  /** Shows the moving picture. Set by `CameraView`. */
  video: { current: HTMLVideoElement | null }
  stream: MediaStream | null
  start(): Promise<void>
  stop(): void
  /** A frame as JPEG, or null while there is none. */
  capture(size: Size): Promise<File | null>
}

/** A frame has so many times the pixels of a side that the model takes. The service resizes it, as in training. */
const oversampling = 4

export function useCamera(): Camera {
  const video = useRef<HTMLVideoElement>(null)
  const [state, setState] = useState<State>({ type: 'off' })
  const [stream, setStream] = useState<MediaStream | null>(null)
  const opened = useRef<MediaStream | null>(null)
  /** Rises when the camera stops, so that a start under way has no effect. */
  const round = useRef(0)

  const close = () => {
    round.current++
    for (const track of opened.current?.getTracks() ?? []) track.stop()
    opened.current = null
  }
  useEffect(() => close, [])

  const start = async () => {
    if (navigator.mediaDevices === undefined) {
      setState({ type: 'refused', message: insecureMessage })
      return
    }
    close()
    const current = round.current
    setState({ type: 'starting' })
    try {
      const video = { width: { ideal: 640 }, height: { ideal: 480 } }
      const found = await navigator.mediaDevices.getUserMedia({ video, audio: false })
      if (current !== round.current) {
        for (const track of found.getTracks()) track.stop()
        return
      }
      opened.current = found
      setStream(found)
      setState({ type: 'on' })
    } catch (error) {
      if (current === round.current) setState({ type: 'refused', message: refusalMessage(error) })
    }
  }
  const stop = () => {
    close()
    setStream(null)
    setState({ type: 'off' })
  }
  const capture = useCallback((size: Size) => captureFrame(video.current, size), [])
  return { state, video, stream, start, stop, capture }
}

const insecureMessage =
  'Browsers allow the camera on https:// and on localhost only. Open this page at such an address.'

function refusalMessage(error: unknown): string {
  switch (error instanceof Error ? error.name : '') {
    case 'NotAllowedError':
      return 'The browser refuses the camera. Allow it for this page in the settings of the browser.'
    case 'NotFoundError':
      return 'No camera was found.'
    case 'NotReadableError':
      return 'The camera does not start. Another program may use it.'
    default:
      return `The camera does not start: ${error instanceof Error ? error.message : String(error)}`
  }
}

/** Crops the middle of the frame to the shape of the size. */
async function captureFrame(video: HTMLVideoElement | null, size: Size): Promise<File | null> {
  if (video === null || video.videoWidth === 0) return null
  const { videoWidth, videoHeight } = video
  const scale = Math.min(videoWidth / size.width, videoHeight / size.height)
  const [width, height] = [scale * size.width, scale * size.height]
  const canvas = document.createElement('canvas')
  canvas.width = oversampling * size.width
  canvas.height = oversampling * size.height
  const context = canvas.getContext('2d')
  if (context === null) return null
  context.imageSmoothingQuality = 'high'
  const [left, top] = [(videoWidth - width) / 2, (videoHeight - height) / 2]
  context.drawImage(video, left, top, width, height, 0, 0, canvas.width, canvas.height)
  return toFile(canvas, 'frame.jpg', 'image/jpeg')
}

/** The moving picture, cropped as its frames are, with a button that starts and stops it. */
export function CameraView({ camera, size }: { camera: Camera; size: Size }) {
  const { state, stream, video } = camera
  useEffect(() => {
    if (video.current !== null) video.current.srcObject = stream
  }, [stream])
  const isOn = state.type === 'on'
  return (
    <div class="camera">
      <video
        ref={video}
        hidden={!isOn}
        style={{ aspectRatio: `${size.width} / ${size.height}` }}
        autoplay
        muted
        playsinline
        aria-label="Picture of the camera"
      />
      <div class="actions">
        <button
          type="button"
          disabled={state.type === 'starting'}
          onClick={() => (isOn ? camera.stop() : void camera.start())}
        >
          <Icon name={isOn ? 'stop' : 'camera'} />{' '}
          {isOn ? 'Stop the camera' : state.type === 'starting' ? 'Starting …' : 'Use the camera'}
        </button>
      </div>
      {state.type === 'refused' ? (
        <p class="notice warn" role="alert">
          {state.message}
        </p>
      ) : null}
    </div>
  )
}

const intervalMilliseconds = 80

/** Passes frames on while `isActive`, one after another. `onFrame` reports its own failures. */
export function useFrames(
  camera: Camera,
  size: Size | undefined,
  isActive: boolean,
  onFrame: (frame: File) => unknown,
): void {
  const latest = useRef(onFrame)
  latest.current = onFrame
  const isRunning = isActive && camera.state.type === 'on' && size !== undefined
  useEffect(() => {
    if (!isRunning) return
    let isOver = false
    let timer: ReturnType<typeof setTimeout> | undefined
    const next = async () => {
      const frame = await camera.capture(size).catch(() => null)
      if (frame !== null && !isOver) await latest.current(frame)
      if (!isOver) timer = setTimeout(next, intervalMilliseconds)
    }
    void next()
    return () => {
      isOver = true
      clearTimeout(timer)
    }
  }, [isRunning, size?.width, size?.height])
}
