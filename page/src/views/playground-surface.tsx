/** The loss surface of the playground around its trained network. */
import { useMemo, useState } from 'preact/hooks'
import { Choice } from '../components/field.js'
import { Icon } from '../components/icon.js'
import { SurfacePlot } from '../draw/surface-plot.js'
import { percent, short } from '../format.js'
import { labelledRows, selectPart } from '../playground/losses.js'
import { networkOf } from '../playground/network.js'
import type { DirectionKind, Surface, SurfaceRequest } from '../playground/surface.js'
import type { Playground } from '../playground/use-playground.js'
import { useSurface } from '../playground/use-surface.js'

export function SurfaceCard({ playground }: { playground: Playground }) {
  const [kind, setKind] = useState<DirectionKind | null>(null)
  const [seed, setSeed] = useState(1)
  const request = useRequest(playground, kind, seed)
  const { surface, isFailed } = useSurface(request)
  const isReady = playground.isFinished && playground.network !== null
  return (
    <div class="card surface-card">
      <h2>Loss surface</h2>
      <div class="controls">
        <Choice
          label="Directions"
          value={kind ?? 'none'}
          onChange={(chosen) => setKind(chosen === 'none' ? null : chosen)}
          options={[
            ['none', 'off'],
            ['path', 'of the path'],
            ['random', 'random'],
          ]}
        />
        {kind === 'random' ? (
          <button type="button" onClick={() => setSeed(seed + 1)}>
            <Icon name="reset" /> Others
          </button>
        ) : null}
      </div>
      {kind === null ? (
        <p class="hint">
          The loss of the training rows over two directions of the weights, around the network.
        </p>
      ) : !isReady ? (
        <p class="hint">It appears when the training has ended.</p>
      ) : isFailed ? (
        <p class="notice bad">The browser could not compute the surface.</p>
      ) : surface === null ? (
        <p class="hint" role="status">
          Computing the loss at each point …
        </p>
      ) : (
        <SurfaceFigure playground={playground} surface={surface} />
      )}
    </div>
  )
}

/** Null without a trained network, or while no surface is wanted. */
function useRequest(
  { run, rows, heldOut, isFinished }: Playground,
  kind: DirectionKind | null,
  seed: number,
): SurfaceRequest | null {
  const spec = run.job?.spec
  const { frames } = run
  return useMemo(() => {
    const networks = spec === undefined ? [] : frames.map((frame) => networkOf(frame, spec))
    const path = networks.filter((network) => network !== null)
    const network = path.at(-1)
    if (kind === null || !isFinished || network === undefined) return null
    return { network, rows: selectPart(labelledRows(rows), heldOut, 'training'), kind, seed, path }
  }, [kind, seed, isFinished, frames.length, run.job?.id, rows, heldOut])
}

function SurfaceFigure({ playground: { run, time }, surface }: { playground: Playground; surface: Surface }) {
  const { path, explained } = surface
  const finite = surface.losses.filter((loss) => loss !== null)
  const [least, greatest] = [Math.min(...finite), Math.max(...finite)]
  const shown = path[run.frames.findLastIndex(({ epoch }) => epoch <= time.epoch)]
  const range = `from ${short(least)} (dark) to ${short(greatest)}`
  const directions =
    explained === null
      ? 'two random directions, in which each unit’s weights have the norm that they have in the network'
      : `the two directions in which the weights moved most, which are ${percent(explained)} of the path`
  return (
    <>
      <SurfacePlot
        {...surface}
        shown={shown}
        label={`Loss ${range}, over ${directions}. The cross is the trained network.`}
      />
      <p class="hint">
        Loss {range}, over {directions}. The cross is the trained network.
        {explained === null ? '' : ' The line is the training, and the circle the epoch that is shown.'}{' '}
        <a href="https://arxiv.org/abs/1712.09913">Li et al., 2018</a>
      </p>
    </>
  )
}
