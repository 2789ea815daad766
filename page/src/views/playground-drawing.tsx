/** The network of the playground while it learns: the map of each unit, and the weights between them. */
import { useMemo } from 'preact/hooks'
import { type UnitMap, UnitMapCanvas } from '../draw/unit-map.js'
import { short } from '../format.js'
import { type Drawing, drawNetwork, lineWidth, type NetworkSizes, unitSize } from '../playground/drawing.js'
import { computedName, featureName, inputName, usedFeatures } from '../playground/features.js'
import type { SmallNetwork } from '../playground/network.js'
import { outputLayer } from '../playground/request.js'
import { computeUnitMaps } from '../playground/unit-maps.js'
import type { Playground } from '../playground/use-playground.js'

export function DrawingCard({ playground }: { playground: Playground }) {
  const { settings, rows, network } = playground
  const { frame } = playground.time
  const sizes = network === null ? plannedSizes(playground) : trainedSizes(network)
  const drawing = drawNetwork(sizes, network)
  const inputs = network === null ? plannedInputs(playground) : trainedInputs(network)
  const maps = useMemo(
    () => (network === null || frame === undefined ? [] : computeUnitMaps(network, frame.axes)),
    [network, frame],
  )
  return (
    <div class="card drawing-card">
      <h2>Network</h2>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: scrolling by keyboard needs focus */}
      <section class="scroll" tabIndex={0} aria-label="Drawing of the network">
        <NetworkMaps drawing={drawing} maps={maps} inputs={inputs} />
      </section>
      <p class="hint">
        {network === null
          ? settings.shape === 'points' && rows.points.length === 0
            ? 'Add points, then train.'
            : 'After a training, each unit shows its output over the plot, and each line its weight.'
          : 'Solid orange: positive. Dashed blue: negative. A wider line is a larger weight. The maps scale to their largest value.'}
      </p>
      {network === null ? null : <WeightTables network={network} sizes={sizes} inputNames={inputs} />}
    </div>
  )
}

const plannedInputs = ({ settings: { features }, rows: { inputs } }: Playground): string[] => [
  ...inputs.map((_, input) => inputName(input)),
  ...usedFeatures(features, inputs.length).map(featureName),
]

const trainedInputs = ({ inputs, derived }: SmallNetwork): string[] => [
  ...inputs.map((_, input) => inputName(input)),
  ...derived.map(computedName),
]

function plannedSizes(playground: Playground): NetworkSizes {
  const { settings, rows } = playground
  const output = outputLayer(settings, rows)
  return [
    { title: 'input', size: plannedInputs(playground).length },
    ...[...settings.hidden, output].map(({ units, activation }) => ({ title: activation, size: units })),
  ]
}

const trainedSizes = (network: SmallNetwork): NetworkSizes => [
  { title: 'input', size: trainedInputs(network).length },
  ...network.layers.map(({ units, activation }) => ({ title: activation, size: units })),
]

interface MapsProps {
  drawing: Drawing
  maps: readonly (readonly UnitMap[])[]
  /** Names of the inputs. */
  inputs: readonly string[]
}

function NetworkMaps({ drawing, maps, inputs }: MapsProps) {
  const { width, height, columns, weights } = drawing
  const label = columns.map(({ title, units, hidden }) => `${title} ${units.length + hidden}`).join(', ')
  const percent = (part: number, whole: number) => `${(100 * part) / whole}%`
  return (
    <div
      class="network-maps"
      role="img"
      aria-label={`The network, from input to output: ${label}`}
      style={{ aspectRatio: `${width} / ${height}`, maxWidth: `${1.25 * width}px` }}
    >
      <svg viewBox={`0 0 ${width} ${height}`} aria-hidden="true">
        {weights.map(({ from, to, value }, index) => (
          <path
            key={index}
            class={value === null ? 'none' : value < 0 ? 'negative' : 'positive'}
            d={`M${from.x} ${from.y}C${(from.x + to.x) / 2} ${from.y} ${(from.x + to.x) / 2} ${to.y} ${to.x} ${to.y}`}
            stroke-width={value === null ? 1 : lineWidth(value)}
          />
        ))}
        {columns.map(({ title, units, hidden }, column) => (
          <g key={column}>
            <text x={units[0]?.x} y={12}>
              {title}
              {hidden === 0 ? '' : `, +${hidden}`}
            </text>
          </g>
        ))}
      </svg>
      {columns.map(({ units }, column) =>
        units.map(({ unit, x, y }) => (
          <div
            key={`${column} ${unit}`}
            class="unit-map"
            style={{
              left: percent(x - unitSize / 2, width),
              top: percent(y - unitSize / 2, height),
              width: percent(unitSize, width),
            }}
          >
            {maps[column]?.[unit] === undefined ? null : <UnitMapCanvas map={maps[column][unit]} />}
            {column === 0 ? <span>{inputs[unit]}</span> : null}
          </div>
        )),
      )}
    </div>
  )
}

/** The weights as numbers, for readers who cannot see the drawing. */
function WeightTables({
  network,
  sizes,
  inputNames,
}: {
  network: SmallNetwork
  sizes: NetworkSizes
  inputNames: readonly string[]
}) {
  return (
    <details>
      <summary>Weights as numbers</summary>
      {network.layers.map(({ inputs, units, weight, bias }, index) => {
        const from = Array.from({ length: inputs }, (_, input) =>
          index === 0 ? (inputNames[input] ?? '') : `unit ${input + 1}`,
        )
        const name = index === network.layers.length - 1 ? 'Output' : `Layer ${index + 1}`
        return (
          // biome-ignore lint/a11y/noNoninteractiveTabindex: scrolling by keyboard needs focus
          <section class="scroll" tabIndex={0} key={index} aria-label={`Weights of ${name.toLowerCase()}`}>
            <table class="plain">
              <caption>
                {name}, {sizes[index + 1]?.title}
              </caption>
              <thead>
                <tr>
                  <th scope="col">Unit</th>
                  {from.map((each) => (
                    <th scope="col" class="number" key={each}>
                      {each}
                    </th>
                  ))}
                  {bias === null ? null : (
                    <th scope="col" class="number">
                      bias
                    </th>
                  )}
                </tr>
              </thead>
              <tbody>
                {Array.from({ length: units }, (_, unit) => (
                  <tr key={unit}>
                    <th scope="row">{unit + 1}</th>
                    {from.map((each, input) => (
                      <td class="number" key={each}>
                        {short(weight[unit * inputs + input])}
                      </td>
                    ))}
                    {bias === null ? null : <td class="number">{short(bias[unit])}</td>}
                  </tr>
                ))}
              </tbody>
            </table>
          </section>
        )
      })}
    </details>
  )
}
