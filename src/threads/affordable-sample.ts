/** Selects the rows that verify an exported file. */
import type { Network } from '../contract/network.js'
import { predictionCost } from '../engine/index.js'

/** Of all predictions of a file, unless a single row needs more. Other exports wait for them. */
const verificationOperations = 1e10

/** All rows, or evenly spaced ones of a large network. */
export function affordableSample<Row>(rows: readonly Row[], network: Network): Row[] {
  const affordable = Math.max(1, Math.floor(verificationOperations / predictionCost(network).flops(1)))
  const count = Math.min(rows.length, affordable)
  return Array.from({ length: count }, (_, index) => rows[Math.floor((index * rows.length) / count)])
}
