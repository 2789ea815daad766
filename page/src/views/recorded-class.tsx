/** One class of pictures: its name, the buttons that record it, and its most recent pictures. */
import { useEffect, useRef, useState } from 'preact/hooks'
import { TextField } from '../components/field.js'
import { Icon } from '../components/icon.js'
import { plural } from '../format.js'
import { mostFrames, type RecordedClass } from './camera-classes.js'

/** How many pictures the button takes, for those who cannot hold a button. */
const framesPerClick = 30
const shownFrames = 12

interface Props {
  recorded: RecordedClass
  number: number
  isReady: boolean
  isRecording: boolean
  onName(name: string): void
  /** Records so many pictures; 0 stops. */
  onRecord(count: number): void
  onClear(): void
  onRemove: (() => void) | undefined
}

export function RecordedClassCard(props: Props) {
  const { recorded, number, isReady, isRecording, onName, onRecord, onClear, onRemove } = props
  const { name, frames } = recorded
  // A release before the next render must count, and one of another button must not.
  const isHeld = useRef(false)
  const hold = () => {
    isHeld.current = true
    onRecord(mostFrames)
  }
  const release = () => {
    if (isHeld.current) onRecord(0)
    isHeld.current = false
  }
  const isHeldKey = (event: KeyboardEvent) => event.key === ' ' || event.key === 'Enter'
  return (
    <section class="recorded" aria-label={`Class ${number}`}>
      <TextField label={`Name of class ${number}`} value={name} onChange={onName} />
      <div class="actions">
        <button
          type="button"
          class={isRecording ? 'primary' : ''}
          disabled={!isReady}
          onPointerDown={hold}
          onPointerUp={release}
          onPointerLeave={release}
          onPointerCancel={release}
          onBlur={release}
          onKeyDown={(event) => {
            if (isHeldKey(event) && !event.repeat) hold()
          }}
          onKeyUp={(event) => {
            if (isHeldKey(event)) release()
          }}
        >
          <Icon name="camera" /> Hold to record
        </button>
        <button type="button" disabled={!isReady || isRecording} onClick={() => onRecord(framesPerClick)}>
          Record {framesPerClick}
        </button>
        <button type="button" disabled={frames.length === 0} onClick={onClear}>
          Clear
        </button>
        {onRemove === undefined ? null : (
          <button type="button" class="icon" aria-label={`Remove class ${number}`} onClick={onRemove}>
            <Icon name="close" />
          </button>
        )}
      </div>
      <p class="hint" role="status">
        {plural(frames.length, 'picture')}
      </p>
      <div class="frames" aria-hidden="true">
        {frames.slice(-shownFrames).map((frame, index) => (
          <Frame key={frames.length - index} file={frame} />
        ))}
      </div>
    </section>
  )
}

function Frame({ file }: { file: File }) {
  const [url, setUrl] = useState('')
  useEffect(() => {
    const created = URL.createObjectURL(file)
    setUrl(created)
    return () => URL.revokeObjectURL(created)
  }, [file])
  return url === '' ? null : <img src={url} alt="" />
}
