/** Axes of figures: places of values, and ticks. */
import type { Axis } from '../../../../examples/lecture/plot.js'

export interface Scale {
  from: number
  to: number
  place(value: number): number
  ticks: readonly number[]
}

/** @param from and `to` of the drawing, in pixels */
export function scaleOf(axis: Axis, values: readonly number[], from: number, to: number): Scale {
  const usable = values.filter((value) => Number.isFinite(value) && (axis.logarithmic !== true || value > 0))
  const [least, greatest] = [axis.from ?? Math.min(...usable), axis.to ?? Math.max(...usable)]
  return axis.logarithmic === true
    ? logarithmic(least, greatest, from, to, axis)
    : linear(least, greatest === least ? least + 1 : greatest, from, to, axis)
}

function linear(least: number, greatest: number, from: number, to: number, axis: Axis): Scale {
  const margin = 0.04 * (greatest - least)
  const low = axis.from ?? least - margin
  const high = axis.to ?? greatest + margin
  const place = (value: number) => from + ((value - low) / (high - low)) * (to - from)
  return { from: low, to: high, place, ticks: axis.ticks ?? linearTicks(low, high) }
}

/** About five round numbers. */
function linearTicks(low: number, high: number): number[] {
  const rough = (high - low) / 5
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 5, 10].map((digit) => digit * power).find((candidate) => candidate >= rough) ?? rough
  const first = Math.ceil(low / step)
  return Array.from(
    { length: Math.floor(high / step + 1e-9) - first + 1 },
    (_, index) => (first + index) * step,
  )
}

/** Powers of ten, or 1, 2 and 5 times these where they are few. */
function logarithmic(least: number, greatest: number, from: number, to: number, axis: Axis): Scale {
  const [low, high] = [Math.log10(least) - 0.04, Math.log10(greatest) + 0.04]
  const span = high - low || 1
  const place = (value: number) => from + ((Math.log10(Math.max(value, 1e-300)) - low) / span) * (to - from)
  const [first, last] = [Math.floor(low), Math.ceil(high)]
  const stride = Math.max(1, Math.ceil((last - first) / 6))
  const digits = last - first > 2 ? [1] : [1, 2, 5]
  const powers = Array.from({ length: last - first + 1 }, (_, index) => first + index)
    .filter((power) => (power - first) % stride === 0)
    .flatMap((power) => digits.map((digit) => Number(`${digit}e${power}`)))
    .filter((tick) => Math.log10(tick) >= low && Math.log10(tick) <= high)
  return { from: 10 ** low, to: 10 ** high, place, ticks: axis.ticks ?? powers }
}

/** A tick in few characters. */
export function tickText(value: number): string {
  if (value === 0) return '0'
  const power = Math.log10(Math.abs(value))
  const isPower = Math.abs(power - Math.round(power)) < 1e-9
  if (isPower && (power < -3 || power > 4)) return `10${superscript(Math.round(power))}`
  return Math.abs(power) > 5 ? value.toExponential(0) : String(Number(value.toPrecision(3))).replace('-', '−')
}

const superscript = (power: number) =>
  [...String(power)].map((digit) => (digit === '-' ? '⁻' : '⁰¹²³⁴⁵⁶⁷⁸⁹'[Number(digit)])).join('')
