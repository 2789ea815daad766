/** Back-propagation through the tiny network, step by step. */
import { useState } from 'preact/hooks'
import type { Propagated } from '../../../../examples/lecture/back-propagation.js'
import { decimal, networkSteps } from '../network-steps.js'

const [width, height] = [640, 330]

/** Centres of the units. */
const places = {
  x1: [60, 90],
  x2: [60, 240],
  h1: [280, 90],
  h2: [280, 240],
  y: [480, 165],
  loss: [590, 165],
} as const
type Unit = keyof typeof places

export function NetworkFigure({ network }: { network: Propagated }) {
  const steps = networkSteps(network)
  const [index, setIndex] = useState(0)
  const step = steps[Math.min(index, steps.length - 1)]
  return (
    <div class="network-steps">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: scrolling by keyboard needs focus */}
      <section class="scroll" tabIndex={0} aria-label="Drawing of the network">
        <NetworkDrawing network={network} step={index} />
      </section>
      <div class="actions">
        <button type="button" disabled={index === 0} onClick={() => setIndex(index - 1)}>
          Back
        </button>
        <button
          type="button"
          class="primary"
          disabled={index === steps.length - 1}
          onClick={() => setIndex(index + 1)}
        >
          Next step
        </button>
        <button
          type="button"
          disabled={index === steps.length - 1}
          onClick={() => setIndex(steps.length - 1)}
        >
          All steps
        </button>
        <span class="hint">
          step {index + 1} of {steps.length}
        </span>
      </div>
      <div class="network-text" role="status">
        <h3>{step?.title}</h3>
        {step?.lines.map((line) => (
          <p key={line}>{line}</p>
        ))}
      </div>
    </div>
  )
}

/** @param step numbers appear with the step that computes them */
function NetworkDrawing({ network, step }: { network: Propagated; step: number }) {
  const { example, weights, values, errors } = network
  const [w11 = 0, w12 = 0, b1 = 0, w21 = 0, w22 = 0, b2 = 0, v1 = 0, v2 = 0, c = 0] = weights
  const { gradient, deltas, slopes } = errors
  const derivative = (index: number, from: number) => (step >= from ? gradient[index] : undefined)
  return (
    <svg
      viewBox={`0 0 ${width} ${height}`}
      class="tiny-network"
      role="img"
      aria-label="Two inputs, two tanh units, a sigmoid unit and the loss, with the numbers computed so far"
    >
      <Edge from="x1" to="h1" at={0.5} label={`w₁₁ = ${decimal(w11)}`} derivative={derivative(0, 9)} above />
      <Edge from="x2" to="h1" at={0.24} label={`w₁₂ = ${decimal(w12)}`} derivative={derivative(1, 9)} above />
      <Edge
        from="x1"
        to="h2"
        at={0.24}
        label={`w₂₁ = ${decimal(w21)}`}
        derivative={derivative(3, 9)}
        above={false}
      />
      <Edge
        from="x2"
        to="h2"
        at={0.5}
        label={`w₂₂ = ${decimal(w22)}`}
        derivative={derivative(4, 9)}
        above={false}
      />
      <Edge from="h1" to="y" at={0.5} label={`v₁ = ${decimal(v1)}`} derivative={derivative(6, 7)} above />
      <Edge
        from="h2"
        to="y"
        at={0.5}
        label={`v₂ = ${decimal(v2)}`}
        derivative={derivative(7, 7)}
        above={false}
      />
      <Edge from="y" to="loss" at={0.5} label="" derivative={undefined} above />
      <Node unit="x1" name="x₁" value={example.inputs[0]} />
      <Node unit="x2" name="x₂" value={example.inputs[1]} />
      <Node unit="h1" name="h₁" value={step >= 2 ? values.hidden[0] : undefined}>
        {[`b₁ = ${decimal(b1)}`, ...(step >= 1 ? [`z₁ = ${decimal(values.sums[0])}`] : [])]}
      </Node>
      <Node unit="h2" name="h₂" value={step >= 2 ? values.hidden[1] : undefined} below>
        {[`b₂ = ${decimal(b2)}`, ...(step >= 1 ? [`z₂ = ${decimal(values.sums[1])}`] : [])]}
      </Node>
      <Node unit="y" name="ŷ" value={step >= 3 ? values.output : undefined}>
        {[`c = ${decimal(c)}`, ...(step >= 3 ? [`s = ${decimal(values.sum)}`] : [])]}
      </Node>
      <Node unit="loss" name="L" value={step >= 4 ? values.loss : undefined} />
      {step < 5 ? null : <Factor x={590} y={214} lines={['∂L/∂ŷ', `= ${decimal(errors.outputError)}`]} />}
      {step < 6 ? null : (
        <Factor
          x={480}
          y={214}
          lines={[`σ′ = ${decimal(errors.outputSlope)}`, `δ = ${decimal(errors.outputDelta)}`]}
        />
      )}
      {step < 8 ? null : (
        <>
          <Factor x={280} y={140} lines={[`tanh′ = ${decimal(slopes[0])}`, `δ₁ = ${decimal(deltas[0])}`]} />
          <Factor x={280} y={188} lines={[`tanh′ = ${decimal(slopes[1])}`, `δ₂ = ${decimal(deltas[1])}`]} />
        </>
      )}
    </svg>
  )
}

interface EdgeProps {
  from: Unit
  to: Unit
  label: string
  /** Where the label is, as a share of the way. */
  at: number
  /** The derivative of the loss by the weight, once it is known. */
  derivative: number | undefined
  above: boolean
}

function Edge({ from, to, label, derivative, at, above }: EdgeProps) {
  const [[x1, y1], [x2, y2]] = [places[from], places[to]]
  const [x, y] = [x1 + at * (x2 - x1), y1 + at * (y2 - y1)]
  const first = above ? y - (derivative === undefined ? 8 : 23) : y + 17
  return (
    <g>
      <line class={`edge${derivative === undefined ? '' : ' known'}`} x1={x1} y1={y1} x2={x2} y2={y2} />
      <text class="halo" x={x} y={first} text-anchor="middle">
        {label}
      </text>
      {derivative === undefined ? null : (
        <text class="factor halo" x={x} y={first + 15} text-anchor="middle">
          ∂L = {decimal(derivative)}
        </text>
      )}
    </g>
  )
}

interface NodeProps {
  unit: Unit
  name: string
  value: number | undefined
  below?: boolean
  children?: string[]
}

function Node({ unit, name, value, below = false, children = [] }: NodeProps) {
  const [x, y] = places[unit]
  return (
    <g>
      <circle class="unit" cx={x} cy={y} r={28} />
      <text class="group" x={x} y={value === undefined ? y + 5 : y - 3} text-anchor="middle">
        {name}
      </text>
      {value === undefined ? null : (
        <text x={x} y={y + 14} text-anchor="middle">
          {decimal(value)}
        </text>
      )}
      {children.map((line, index) => (
        <text
          key={line}
          class="halo"
          x={x}
          y={below ? y + 44 + 15 * index : y - 50 + 15 * index}
          text-anchor="middle"
        >
          {line}
        </text>
      ))}
    </g>
  )
}

const Factor = ({ x, y, lines }: { x: number; y: number; lines: readonly string[] }) => (
  <g class="factor">
    {lines.map((line, index) => (
      <text key={line} class="halo" x={x} y={y + 15 * index} text-anchor="middle">
        {line}
      </text>
    ))}
  </g>
)
