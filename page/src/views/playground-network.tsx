/** The network of the playground: a threshold unit, or hidden layers. */
import { NetworkEditor } from '../components/network-editor.js'
import type { PlaygroundRows } from '../playground/data.js'
import { outputLayer } from '../playground/request.js'
import { type Settings, twoLayers } from '../playground/settings.js'

interface Props {
  settings: Settings
  change(part: Partial<Settings>): void
  rows: PlaygroundRows
}

export function NetworkSettings({ settings, change, rows }: Props) {
  const { shape, seed } = settings
  return (
    <>
      <h2>Network</h2>
      {settings.perceptron ? (
        <p class="hint">
          One threshold unit, trained by the perceptron rule on one point at a time.{' '}
          <button type="button" class="plain" onClick={() => change({ ...twoLayers, shape, seed })}>
            Add a hidden layer
          </button>
        </p>
      ) : (
        <NetworkEditor
          inputs={rows.inputs === 1 ? '1 number' : '2 numbers'}
          hidden={settings.hidden}
          output={outputLayer(settings, rows)}
          onChange={(hidden) => change({ hidden })}
        />
      )}
    </>
  )
}
