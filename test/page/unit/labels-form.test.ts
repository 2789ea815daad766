/** What the form of labels changes. */
import { describe, expect, it } from 'vitest'
import { labelChange, readPairs, readTags, toLabelForm } from '../../../page/src/views/labels-form.js'
import { filterQuery, noFilter } from '../../../page/src/views/model-filter.js'

const before = {
  name: 'first',
  notes: null,
  tags: ['fair', 'small'],
  metadata: { team: 'blue', formula: 'a=b' },
}
const form = toLabelForm(before)

describe('the form of labels', () => {
  it('shows them as text', () => {
    expect(form).toEqual({
      name: 'first',
      notes: '',
      tags: 'fair, small',
      metadata: 'team=blue\nformula=a=b',
    })
  })

  it('changes nothing by itself', () => expect(labelChange(before, form)).toEqual({}))

  it.each([
    [{ name: ' second ' }, { name: 'second' }],
    [{ name: ' ' }, { name: null }],
    [{ notes: 'Good.\n' }, { notes: 'Good.' }],
    [{ tags: 'small,, new , small' }, { tags: ['small', 'new'] }],
    [{ tags: '' }, { tags: [] }],
    [{ metadata: 'team=red\n\nsize = 3' }, { metadata: { team: 'red', formula: null, size: '3' } }],
    [{ metadata: 'team=blue\nformula=a=b\nempty=' }, { metadata: { empty: '' } }],
  ])('turns %j into %j', (part, change) => {
    expect(labelChange(before, { ...form, ...part })).toEqual(change)
  })

  it.each(['team', '=blue', 'team=blue\nother'])('refuses the metadata %j', (metadata) => {
    expect(readPairs(metadata)).toBeNull()
    expect(labelChange(before, { ...form, metadata })).toBeNull()
  })

  it('reads tags without repetitions', () => expect(readTags(' a ,b,a,')).toEqual(['a', 'b']))
})

describe('the filter of the list', () => {
  it.each([
    [{}, {}],
    [{ name: ' a ' }, { name: 'a' }],
    [{ tags: 'fair,  small' }, { tag: ['fair', 'small'] }],
    [{ metadata: 'team=blue, formula=a=b' }, { metadata: ['team=blue', 'formula=a=b'] }],
    [{ metadata: 'team, =blue' }, {}],
  ])('turns %j into the query %j', (part, query) => {
    expect(filterQuery({ ...noFilter, ...part })).toEqual(query)
  })
})
