/** The colour of a score, from the worst (0) to the best (1). */
import { token } from '../theme.js'

/** Reads the colours of the theme once for many scores. */
export function scoreColours(): (share: number) => string {
  const [worst, best] = [channels('--line-strong'), channels('--accent')]
  return (share) => {
    const mixed = worst.map((channel, index) => Math.round(channel + (best[index] - channel) * share))
    return `rgb(${mixed.join(' ')})`
  }
}

function channels(name: string): [number, number, number] {
  const hex = token(name)
  return [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)) as [number, number, number]
}
