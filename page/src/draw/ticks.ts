/** Round numbers to write beside an axis. */

/** Three or so between the two. */
export function ticksBetween(least: number, greatest: number): number[] {
  const rough = (greatest - least) / 3 || 1
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 5, 10].map((digit) => digit * power).find((each) => each >= rough) ?? rough
  const first = Math.ceil(least / step)
  return Array.from({ length: Math.floor(greatest / step) - first + 1 }, (_, place) => (first + place) * step)
}
