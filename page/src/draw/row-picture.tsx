/** Draws the pixels of a row. */
import { useMemo } from 'preact/hooks'
import type { Model, WorstRows } from '../api/types.js'
import { PixelPicture } from './pixel-picture.js'

interface Props {
  row: number
  values: WorstRows['rows'][number]['values']
  columns: readonly string[]
  coding: Model['coding']
}

export function RowPicture({ row, values, columns, coding }: Props) {
  const { image, features } = coding
  const pixels = useMemo(() => {
    const byName = new Map(columns.map((name, index) => [name, Number(values[index] ?? 0)]))
    return features.map(({ name }) => byName.get(name) ?? 0)
  }, [row, values])
  return image === undefined ? null : (
    <PixelPicture size={image} pixels={pixels} white={image.white} label={`Picture of row ${row}`} />
  )
}
