/** What a demonstration of the lecture claims, plots and asserts, on the command line and on the page. */
export interface Demonstration<Figures> {
  title: string
  /** A sentence. */
  claim: string
  /** The argument that the command accepts; the page has none. */
  argument?: string
  /** What the terminal plots, and what the page plots. */
  plots: { terminal: string; page: string }
  /** What the figures of a run must show. */
  assertion: string
  /** Whether the figures show it. */
  holds(figures: Figures): boolean
}

/** Whether each value is above the one before it. */
export function isIncreasing(values: readonly number[]): boolean {
  return values.every((value, index) => index === 0 || value > values[index - 1])
}
