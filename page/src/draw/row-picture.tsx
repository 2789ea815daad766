/** Draws the pixels of a row. */
import { useEffect, useRef } from 'preact/hooks'
import type { Model, WorstRows } from '../api/types.js'

interface Props {
  row: number
  values: WorstRows['rows'][number]['values']
  columns: readonly string[]
  coding: Model['coding']
}

export function RowPicture({ row, values, columns, coding }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const { image } = coding
  useEffect(() => {
    const context = canvas.current?.getContext('2d')
    if (image === undefined || context == null) return
    const { width, height, channels, white } = image
    const byName = new Map(columns.map((name, index) => [name, Number(values[index] ?? 0)]))
    // Channels first, as the dataset has them.
    const pixels = coding.features.map(({ name }) => (255 * (byName.get(name) ?? 0)) / white)
    const area = width * height
    const picture = context.createImageData(width, height)
    for (let pixel = 0; pixel < area; pixel++) {
      for (let channel = 0; channel < 3; channel++) {
        picture.data[4 * pixel + channel] = pixels[(channel % channels) * area + pixel] ?? 0
      }
      picture.data[4 * pixel + 3] = 255
    }
    context.putImageData(picture, 0, 0)
  }, [row, values])
  return (
    <canvas
      ref={canvas}
      class="thumbnail"
      width={image?.width}
      height={image?.height}
      role="img"
      aria-label={`Picture of row ${row}`}
    />
  )
}
