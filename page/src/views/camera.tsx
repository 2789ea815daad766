/** Teaches a network by camera: record pictures of each class, train, and see the predictions live. */
import { useState } from 'preact/hooks'
import { type Camera, CameraView, useCamera, useFrames } from '../components/camera.js'
import { Heading } from '../components/heading.js'
import { Icon } from '../components/icon.js'
import { mostFrames, type RecordedClass, side, whyNotReady } from './camera-classes.js'
import { TrainingPart, useTraining } from './camera-model.js'
import { RecordedClassCard } from './recorded-class.js'

const size = { width: side, height: side }

interface Recording {
  classIndex: number
  /** The number of pictures of the class at which it ends. */
  until: number
}

/** The classes, and the recording that adds frames of the camera to one of them. */
function useRecordedClasses(camera: Camera) {
  const [classes, setClasses] = useState<readonly RecordedClass[]>([
    { name: 'Class 1', frames: [] },
    { name: 'Class 2', frames: [] },
  ])
  const [recording, setRecording] = useState<Recording | null>(null)
  const change = (index: number, part: Partial<RecordedClass>) =>
    setClasses((before) => before.map((each, at) => (at === index ? { ...each, ...part } : each)))
  useFrames(camera, size, recording !== null, (frame) => {
    if (recording === null) return
    const { frames = [] } = classes[recording.classIndex] ?? {}
    if (frames.length < recording.until) change(recording.classIndex, { frames: [...frames, frame] })
    if (frames.length + 1 >= recording.until) setRecording(null)
  })
  /** Records so many pictures more; 0 ends the recording. */
  const record = (classIndex: number, count: number) => {
    const recorded = classes[classIndex]?.frames.length ?? 0
    setRecording(count === 0 ? null : { classIndex, until: Math.min(mostFrames, recorded + count) })
  }
  const add = () => setClasses([...classes, { name: `Class ${classes.length + 1}`, frames: [] }])
  const remove = (index: number) => setClasses(classes.filter((_, at) => at !== index))
  return { classes, change, add, remove, recording, record }
}

export function CameraTrainingView() {
  const camera = useCamera()
  const { classes, change, add, remove, recording, record } = useRecordedClasses(camera)
  const training = useTraining(classes)
  return (
    <section>
      <div class="heading">
        <div>
          <Heading>Teach by camera</Heading>
          <p class="under">
            Record pictures of two or more classes, train, and show the camera something to classify.
          </p>
        </div>
      </div>
      <div class="columns">
        <div class="card">
          <h2>Camera</h2>
          <CameraView camera={camera} size={size} />
        </div>
        <div class="card">
          <h2>Classes</h2>
          {classes.map((recorded, index) => (
            <RecordedClassCard
              key={index}
              recorded={recorded}
              number={index + 1}
              isReady={camera.state.type === 'on'}
              isRecording={recording?.classIndex === index}
              onName={(name) => change(index, { name })}
              onRecord={(count) => record(index, count)}
              onClear={() => change(index, { frames: [] })}
              onRemove={classes.length > 2 ? () => remove(index) : undefined}
            />
          ))}
          <div class="actions">
            <button type="button" onClick={add}>
              <Icon name="plus" /> Add class
            </button>
          </div>
        </div>
        <div class="card">
          <h2>Training</h2>
          <TrainingPart
            training={training}
            reason={whyNotReady(classes)}
            camera={camera}
            isRecording={recording !== null}
          />
        </div>
      </div>
    </section>
  )
}
