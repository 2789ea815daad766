/** Parts of dates as nodes, from days since 1970-01-01. */
import type { DatePart } from '../../contract/dataset.js'
import { type GraphBuilder, int, type Value } from './graph-builder.js'
import { doubles } from './tensors.js'

export const datePartOrder: readonly DatePart[] = ['year', 'month', 'dayOfWeek', 'daysSinceFirst']

/**
 * The parts of D dates side by side in the order of `datePartOrder`.
 * @param days float64 [N, D], with a fraction for the time of day
 * @param first the first day of each date
 * @returns float64 [N, 4 D]
 */
export function addDateParts(graph: GraphBuilder, days: Value, first: readonly number[]): Value {
  const calculator = createCalculator(graph)
  const day = calculator.floor(days)
  const { year, month } = addYearAndMonth(calculator, day)
  const sinceFirst = graph.node('Sub', [days, graph.constant('first', doubles(first))])
  // 1970-01-01 was a Thursday; Monday is 0.
  const parts = [year, month, calculator.remainder(calculator.add(day, 3), 7), sinceFirst]
  return graph.node('Concat', parts, { attributes: { axis: int(1) } })
}

/**
 * The proleptic Gregorian calendar in years from March to February, so that the leap day is the last day: Howard Hinnant,
 * "chrono-Compatible Low-Level Date Algorithms" (2013), civil_from_days.
 */
function addYearAndMonth(calculator: Calculator, day: Value): { year: Value; month: Value } {
  const { add, subtract, multiply, quotient, remainder } = calculator
  const shifted = add(day, 719_468)
  const era = quotient(shifted, 146_097)
  const dayOfEra = remainder(shifted, 146_097)
  const leapDays = subtract(
    subtract(quotient(dayOfEra, 1_460), quotient(dayOfEra, 36_524)),
    multiply(quotient(dayOfEra, 146_096), -1),
  )
  const yearOfEra = quotient(subtract(dayOfEra, leapDays), 365)
  const daysBefore = add(subtract(multiply(yearOfEra, 365), quotient(yearOfEra, 100)), quotient(yearOfEra, 4))
  const dayOfYear = subtract(dayOfEra, daysBefore)
  /** 0 is March, 11 is February. */
  const monthFromMarch = quotient(add(multiply(dayOfYear, 5), 2), 153)
  // January and February, 10 and 11, belong to the next year.
  const isNextYear = quotient(monthFromMarch, 10)
  const month = subtract(add(monthFromMarch, 3), multiply(isNextYear, 12))
  return { year: add(add(multiply(era, 400), yearOfEra), isNextYear), month }
}

type Calculator = ReturnType<typeof createCalculator>

/** Arithmetic on whole numbers in float64, which are exact. */
function createCalculator(graph: GraphBuilder) {
  const operand = (value: Value | number) =>
    typeof value === 'number' ? graph.constant('days', doubles([value], [])) : value
  const operation = (name: string) => (a: Value, b: Value | number) => graph.node(name, [a, operand(b)])
  const [add, subtract, multiply, divide] = ['Add', 'Sub', 'Mul', 'Div'].map(operation)
  const floor = (value: Value) => graph.node('Floor', [value])
  const quotient = (a: Value, b: number) => floor(divide(a, b))
  const remainder = (a: Value, b: number) => subtract(a, multiply(quotient(a, b), b))
  return { add, subtract, multiply, floor, quotient, remainder }
}
