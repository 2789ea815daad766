/** The fields that are sent with a model's file, and where the problems of the service are shown. */
import { describe, expect, it } from 'vitest'
import { emptyImport, isAtField, readImport, sortErrors } from '../../../page/src/views/import-form.js'

const onnx = { type: 'other' } as const

describe('the form of an import', () => {
  it('sends nothing when it is empty', () => {
    expect(readImport({ ...emptyImport, name: '  ' }, onnx)).toEqual({ fields: {}, errors: {} })
  })

  it('sends names as JSON lists', () => {
    const form = { ...emptyImport, columns: ' a, b b ,, c ', targets: 'y', classes: '["yes, or so", "no"]' }
    expect(readImport(form, onnx)).toEqual({
      fields: { columns: '["a","b b","c"]', targets: '["y"]', classes: '["yes, or so","no"]' },
      errors: {},
    })
  })

  it('sends JSON as it is written, and texts trimmed', () => {
    const network = '{"inputShape": [4], "layers": []}'
    const form = { ...emptyImport, name: ' mine ', loss: 'perceptron', network: `\n${network} ` }
    expect(readImport(form, onnx).fields).toEqual({ name: 'mine', loss: 'perceptron', network })
  })

  it('needs the network of a file that has weights only', () => {
    const weights = { type: 'weights' } as const
    expect(readImport(emptyImport, weights).errors).toEqual({
      network: 'is needed, because the file has weights only',
    })
    expect(readImport({ ...emptyImport, network: '{}' }, weights).errors).toEqual({})
  })

  it('reports what is not JSON at its field', () => {
    const form = {
      ...emptyImport,
      network: '{"layers": [',
      coding: 'none',
      classes: '["a", 1]',
      columns: '[a]',
    }
    const { fields, errors } = readImport(form, onnx)
    expect(fields).toEqual({})
    expect(Object.keys(errors).toSorted()).toEqual(['classes', 'coding', 'columns', 'network'])
    expect(errors.network).toMatch(/^is not JSON: ./)
  })
})

describe('the problems of an import', () => {
  it('are shown at their fields, and the others in the notice', () => {
    const errors = [
      { pointer: '/network/layers/0/units', message: 'must be at least 1' },
      { pointer: '/network/layers/1', message: 'is unknown' },
      { pointer: '/classes', message: 'has 2 names for 3 outputs' },
      { pointer: '/elsewhere', message: 'is strange' },
    ]
    expect(sortErrors(errors)).toEqual({
      fields: { network: 'layers.0.units: must be at least 1', classes: 'has 2 names for 3 outputs' },
      others: ['network: layers.1: is unknown', 'is strange'],
    })
  })

  it.each([
    ['classes: has 2 names', [{ pointer: '/classes', message: 'has 2 names' }], true],
    ['The network is wrong.', [{ pointer: '/network/layers/0', message: 'The network is wrong.' }], true],
    ['The tensors do not fit.', [{ pointer: '/elsewhere', message: 'The tensors do not fit.' }], false],
    ['Two fields are wrong.', [{ pointer: '/name', message: 'is empty' }], false],
    ['The file is damaged.', [], false],
  ])('say in a field or not: %s', (message, errors, expected) => {
    expect(isAtField({ message, errors })).toBe(expected)
  })
})
