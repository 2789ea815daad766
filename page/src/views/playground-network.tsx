/** The network of the playground: a threshold unit, or hidden layers. */
import { NetworkEditor } from '../components/network-editor.js'
import { plural } from '../format.js'
import type { PlaygroundRows } from '../playground/data.js'
import { availableFeatures, featureName, usedFeatures } from '../playground/features.js'
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
      <FeatureChoice settings={settings} change={change} rows={rows} />
      {settings.perceptron ? (
        <p class="hint">
          One threshold unit, trained by the perceptron rule on one point at a time.{' '}
          <button type="button" class="plain" onClick={() => change({ ...twoLayers, shape, seed })}>
            Add a hidden layer
          </button>
        </p>
      ) : (
        <NetworkEditor
          inputs={plural(
            rows.inputs.length + usedFeatures(settings.features, rows.inputs.length).length,
            'number',
          )}
          hidden={settings.hidden}
          output={outputLayer(settings, rows)}
          onChange={(hidden) => change({ hidden })}
        />
      )}
    </>
  )
}

function FeatureChoice({ settings: { features }, change, rows }: Props) {
  return (
    <fieldset class="lessons features">
      <legend>Also as inputs</legend>
      {availableFeatures(rows.inputs.length).map((feature) => {
        const isChosen = features.includes(feature)
        const others = features.filter((each) => each !== feature)
        return (
          <button
            key={feature}
            type="button"
            class="chip"
            aria-pressed={isChosen}
            onClick={() => change({ features: isChosen ? others : [...others, feature] })}
          >
            {featureName(feature)}
          </button>
        )
      })}
    </fieldset>
  )
}
