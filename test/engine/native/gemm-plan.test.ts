/** The plan of matrix products: native/test/gemm-plan.cpp compiles if its assertions hold for the instruction set. */
import { expect, test } from 'vitest'
import { compile, instructionSets } from './compiler.js'

test.each(instructionSets)('blocks, rounds and packing with %s', (set) => {
  const { status, stderr } = compile('test/gemm-plan.cpp', set, ['-fsyntax-only'])
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
})
