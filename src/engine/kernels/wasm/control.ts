/** The control block shared by host and module; must match assembly/control.ts. */
import type { SharedMemory } from '../../memory.js'

/** Offset of each field, in bytes. */
export const controlFields = {
  program: 0,
  arena: 4,
  order: 8,
  scratch: 12,
  operationScratch: 16,
  trainingRows: 20,
  trainingX: 24,
  trainingY: 28,
  validationRows: 32,
  validationX: 36,
  validationY: 40,
  sampling: 44,
  orderLow: 48,
  orderHigh: 52,
  dropoutLow: 56,
  dropoutHigh: 60,
  orderedEpoch: 64,
  epochs: 68,
  steps: 72,
  rates: 76,
  metrics: 80,
  epoch: 84,
  step: 88,
  finished: 92,
  /** lossSum and right are float64. */
  lossSum: 96,
  right: 104,
  loaded: 112,
  narrow: 116,
} as const

export const controlBytes = 120

type Field = keyof typeof controlFields
type RealField = 'lossSum' | 'right'
type IntegerField = Exclude<Field, RealField>

export class ControlBlock {
  readonly #integers: Int32Array
  readonly #reals: Float64Array

  /** @param address in bytes, a multiple of 8. */
  constructor(memory: SharedMemory, address: number) {
    this.#integers = memory.int32(address, controlBytes / 4)
    this.#reals = memory.float64(address, controlBytes / 8)
  }

  /** Addresses above 2 GiB wrap to the same 32 bits. */
  write(fields: Partial<Record<IntegerField, number>>): void {
    for (const [name, value] of Object.entries(fields)) {
      if (isIntegerField(name)) this.#integers[controlFields[name] / 4] = value
    }
  }

  integer(field: IntegerField): number {
    return this.#integers[controlFields[field] / 4] ?? 0
  }

  real(field: RealField): number {
    return this.#reals[controlFields[field] / 8] ?? 0
  }

  setReal(field: RealField, value: number): void {
    this.#reals[controlFields[field] / 8] = value
  }
}

function isIntegerField(name: string): name is IntegerField {
  return name in controlFields && name !== 'lossSum' && name !== 'right'
}
