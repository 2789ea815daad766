/** Edits the hidden layers of a network: adds, changes, moves and removes them. The task determines the last layer. */
import { useEffect, useRef, useState } from 'preact/hooks'
import type { LayerRequest } from '../api/types.js'
import { Icon } from './icon.js'
import { kindOf, kindsFor, type LayerKind, placeFor } from './layer-kinds.js'
import { LayerSettings } from './layer-settings.js'

interface Props {
  inputs: string
  /** Dimensions of a row of the data. */
  dimensions: number
  layers: readonly LayerRequest[]
  output: { units: number; activation: string }
  onChange(layers: LayerRequest[]): void
  errorAt(layer: number): string | undefined
}

export function LayerEditor({ inputs, dimensions, layers, output, onChange, errorAt }: Props) {
  const list = useRef<HTMLOListElement>(null)
  /** Labels of the buttons to focus after the next change: the first that is enabled. */
  const [wanted, setWanted] = useState<readonly string[]>([])
  useEffect(() => {
    for (const label of wanted) {
      const button = list.current?.querySelector<HTMLElement>(`[aria-label="${label}"]:not(:disabled)`)
      if (!button) continue
      button.focus()
      break
    }
    if (wanted.length > 0) setWanted([])
  }, [wanted])

  const move = (from: number, to: number) => {
    const moved = layers.map((layer, index) =>
      index === to ? layers[from] : index === from ? layers[to] : layer,
    )
    onChange(moved.filter((layer) => layer !== undefined))
    const [up, down] = [`Move layer ${to + 1} up`, `Move layer ${to + 1} down`]
    setWanted(to < from ? [up, down] : [down, up])
  }
  const remove = (layer: number) => {
    onChange(layers.filter((_, index) => index !== layer))
    setWanted([`Remove layer ${layer + 1}`, `Remove layer ${layer}`])
  }
  return (
    <>
      <ol class="layers" aria-label="Layers of the network" ref={list}>
        <li class="layer end">
          <span class="kind">Input</span>
          <span>{inputs}</span>
        </li>
        {layers.map((layer, index) => (
          <Layer
            key={index}
            layer={layer}
            number={index + 1}
            kind={kindOf(layer, dimensions)}
            isLast={index === layers.length - 1}
            error={errorAt(index)}
            onChange={(changed) => onChange(layers.map((each, at) => (at === index ? changed : each)))}
            onMove={(step) => move(index, index + step)}
            onRemove={() => remove(index)}
          />
        ))}
        <li class="layer end">
          <span class="kind">Output</span>
          <span>
            {output.units} × {output.activation}
          </span>
          <LayerError error={errorAt(layers.length)} />
        </li>
      </ol>
      <AddButtons
        dimensions={dimensions}
        onAdd={(kind) => {
          const place = placeFor(kind, layers)
          onChange([...layers.slice(0, place), kind.added, ...layers.slice(place)])
        }}
      />
    </>
  )
}

function AddButtons({ dimensions, onAdd }: { dimensions: number; onAdd(kind: LayerKind): void }) {
  return (
    <fieldset class="add-layers">
      <legend>Add a layer</legend>
      {kindsFor(dimensions).map((kind) => (
        <button
          key={kind.title}
          type="button"
          class="chip"
          title={kind.hint}
          aria-label={`Add layer: ${kind.title}`}
          onClick={() => onAdd(kind)}
        >
          <Icon name="plus" /> {kind.title}
        </button>
      ))}
    </fieldset>
  )
}

interface LayerProps {
  layer: LayerRequest
  number: number
  kind: LayerKind | undefined
  isLast: boolean
  error: string | undefined
  onChange(layer: LayerRequest): void
  onMove(step: -1 | 1): void
  onRemove(): void
}

function Layer({ layer, number, kind, isLast, error, onChange, onMove, onRemove }: LayerProps) {
  return (
    <li class="layer">
      <span class="kind" title={kind?.hint}>
        {kind?.title ?? layer.type}
      </span>
      <LayerSettings layer={layer} number={number} settings={kind?.settings ?? []} onChange={onChange} />
      <span class="layer-buttons">
        <button
          type="button"
          class="icon"
          aria-label={`Move layer ${number} up`}
          disabled={number === 1}
          onClick={() => onMove(-1)}
        >
          <Icon name="up" />
        </button>
        <button
          type="button"
          class="icon"
          aria-label={`Move layer ${number} down`}
          disabled={isLast}
          onClick={() => onMove(1)}
        >
          <Icon name="down" />
        </button>
        <button type="button" class="icon" aria-label={`Remove layer ${number}`} onClick={onRemove}>
          <Icon name="close" />
        </button>
      </span>
      <LayerError error={error} />
    </li>
  )
}

function LayerError({ error }: { error: string | undefined }) {
  return error === undefined ? null : (
    <small class="wrong" role="alert">
      {error}
    </small>
  )
}
