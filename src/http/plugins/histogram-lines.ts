interface Counted {
  /** In the text format. */
  labels: string
  /** Upper bounds, ascending. */
  bounds: readonly number[]
  /** Between the previous bound and the bound at the same index. */
  counts: ArrayLike<number>
  /** All observations, also those above the bounds. */
  count: number
  sum: number
}

/** The lines of a histogram in the text format of Prometheus, whose buckets are cumulative. */
export function histogramLines(name: string, { labels, bounds, counts, count, sum }: Counted): string[] {
  let below = 0
  const buckets = bounds.map((bound, index) => {
    below += counts[index]
    return `${name}_bucket{le="${bound}",${labels}} ${below}`
  })
  return [
    ...buckets,
    `${name}_bucket{le="+Inf",${labels}} ${count}`,
    `${name}_sum{${labels}} ${sum}`,
    `${name}_count{${labels}} ${count}`,
  ]
}
