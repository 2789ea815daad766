/** Shows the boundary frames of a run: the latest while it trains, a replay, or any frame chosen by the slider. */
import type { Boundary } from '../api/types.js'
import { Icon } from '../components/icon.js'
import { plural, whole } from '../format.js'
import { BoundaryCanvas, type BoundaryCanvasProps } from './boundary-canvas.js'
import type { Playhead } from './use-playhead.js'

interface Props extends Omit<BoundaryCanvasProps, 'frame'> {
  frames: readonly Boundary[]
  playhead: Playhead
}

export function BoundaryPanel({ frames, playhead, ...plot }: Props) {
  const frame = frames[playhead.index]
  const epoch = frame?.epoch ?? 0
  return (
    <figure class="boundary">
      <BoundaryCanvas {...plot} frame={frame} />
      <div class="playhead">
        <button
          type="button"
          class="icon"
          disabled={frames.length < 2}
          aria-label={playhead.playing ? 'Pause replay' : 'Replay training'}
          onClick={() => (playhead.playing ? playhead.pause() : playhead.play())}
        >
          <Icon name={playhead.playing ? 'pause' : 'play'} />
        </button>
        <input
          type="range"
          min={0}
          max={Math.max(1, frames.length - 1)}
          value={playhead.index}
          disabled={frames.length < 2}
          aria-label="Epoch of the replay"
          aria-valuetext={`after ${plural(epoch, 'epoch')}`}
          onInput={(event) => playhead.seek(Number(event.currentTarget.value))}
        />
        <output>epoch {whole(epoch)}</output>
      </div>
    </figure>
  )
}
