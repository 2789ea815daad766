/** Moves the playground through the epochs of its run: a replay, and a slider over all epochs. */
import { SelectField } from '../components/field.js'
import { Icon } from '../components/icon.js'
import { ErrorNotice } from '../components/notice.js'
import { plural, whole } from '../format.js'
import type { Playground } from '../playground/use-playground.js'

const speeds = ['0.25', '0.5', '1', '2', '4', '16'] as const

export function TimeControls({ playground }: { playground: Playground }) {
  const { time, speed, setSpeed, hasTrained } = playground
  const { epoch, last } = time
  return (
    <>
      <div class="playhead">
        <button
          type="button"
          class="icon"
          disabled={last < 1}
          aria-label={time.playing ? 'Pause replay' : 'Replay training'}
          onClick={time.playing ? time.pause : time.play}
        >
          <Icon name={time.playing ? 'pause' : 'play'} />
        </button>
        <input
          type="range"
          min={0}
          max={Math.max(1, last)}
          value={epoch}
          disabled={last < 1}
          aria-label="Epoch"
          aria-valuetext={`after ${plural(epoch, 'epoch')}`}
          onInput={({ currentTarget: { value } }) => time.choose(Number(value))}
        />
        <output>epoch {whole(epoch)}</output>
        <SelectField
          label="Speed"
          value={speeds.find((each) => Number(each) === speed) ?? '1'}
          onChange={(chosen) => setSpeed(Number(chosen))}
          options={speeds.map((each) => [each, `${each} ×`] as const)}
        />
      </div>
      <ErrorNotice error={time.problem} />
      <p class="hint" role="status">
        {time.isExact || !hasTrained
          ? 'The slider shows any epoch. Arrow keys move it by one.'
          : `Training up to epoch ${whole(epoch)} again …`}
      </p>
    </>
  )
}
