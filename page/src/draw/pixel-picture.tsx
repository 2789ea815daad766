/** Draws the pixels of one picture. */
import { useEffect, useRef } from 'preact/hooks'
import type { Dataset } from '../api/types.js'

interface Props {
  size: NonNullable<Dataset['image']>
  /** From 0 to `white`, channels first, as datasets have them. */
  pixels: readonly number[]
  white: number
  /** What a screen reader says. */
  label: string
}

export function PixelPicture({ size, pixels, white, label }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const { width, height, channels } = size
  useEffect(() => {
    const context = canvas.current?.getContext('2d')
    if (context == null) return
    const area = width * height
    const picture = context.createImageData(width, height)
    for (let pixel = 0; pixel < area; pixel++) {
      for (let channel = 0; channel < 3; channel++) {
        const value = pixels[(channel % channels) * area + pixel] ?? 0
        picture.data[4 * pixel + channel] = (255 * value) / white
      }
      picture.data[4 * pixel + 3] = 255
    }
    context.putImageData(picture, 0, 0)
  }, [pixels, white, width, height, channels])
  return <canvas ref={canvas} class="thumbnail" width={width} height={height} role="img" aria-label={label} />
}
