/** Round numbers for the ticks of an axis. */

/** About three ticks between the two values. */
export function ticksBetween(least: number, greatest: number): number[] {
  const rough = (greatest - least) / 3 || 1
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 5, 10].map((digit) => digit * power).find((candidate) => candidate >= rough) ?? rough
  const first = Math.ceil(least / step)
  return Array.from({ length: Math.floor(greatest / step) - first + 1 }, (_, index) => (first + index) * step)
}
