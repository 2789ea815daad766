/** Addresses that a webhook may not have. */
import { describe, expect, it } from 'vitest'
import { checkedLookup, checkLiteral, isPublic, RefusedAddress } from '../../src/webhooks/address.js'
import type { ResolveName } from '../../src/webhooks/name-lookup.js'

describe('a public address', () => {
  it.each([['8.8.8.8'], ['2606:4700::1111']])('is %s', (address) => expect(isPublic(address)).toBe(true))

  it.each([
    ['127.0.0.1'],
    ['127.8.8.8'],
    ['0.0.0.0'],
    ['10.0.0.1'],
    ['172.16.0.1'],
    ['192.168.1.1'],
    ['100.64.0.1'],
    ['169.254.169.254'],
    ['224.0.0.1'],
    ['255.255.255.255'],
    ['192.0.2.1'],
    ['::'],
    ['::1'],
    ['fc00::1'],
    ['fd12::1'],
    ['fe80::1'],
    ['fe80::1%eth0'],
    ['ff02::1'],
    ['::ffff:127.0.0.1'],
    ['::ffff:8.8.8.8'],
    ['::127.0.0.1'],
    ['64:ff9b::7f00:1'],
    ['2002:7f00:1::'],
    ['2001::1'],
    ['1000::1'],
    ['4000::1'],
    ['nonsense'],
  ])('is not %s', (address) => expect(isPublic(address)).toBe(false))
})

describe('a host written as an address', () => {
  it.each([
    ['http://127.0.0.1/'],
    ['http://2130706433/'],
    ['http://0x7f.1/'],
    ['http://017700000001/'],
    ['http://[::1]:80/'],
    ['http://[::ffff:7f00:1]/'],
  ])('is refused: %s', (address) => expect(() => checkLiteral(new URL(address))).toThrow(RefusedAddress))

  it('may be public', () => expect(() => checkLiteral(new URL('https://8.8.8.8/'))).not.toThrow())
})

describe('a name', () => {
  const answers =
    (...addresses: string[]): ResolveName =>
    (_name, _options, done) =>
      done(
        null,
        addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      )

  function lookupName(resolve: ResolveName, all: boolean): Promise<unknown> {
    return new Promise((found, failed) => {
      checkedLookup(resolve, false)('name', { all }, (error, address) =>
        error ? failed(error) : found(address),
      )
    })
  }

  it('is what it resolves to', async () => {
    expect(await lookupName(answers('8.8.8.8'), false)).toBe('8.8.8.8')
    expect(await lookupName(answers('8.8.8.8', '2606:4700::1111'), true)).toHaveLength(2)
  })

  it('is refused if any of its addresses is private', async () => {
    await expect(lookupName(answers('8.8.8.8', '10.0.0.1'), true)).rejects.toThrow(
      /10\.0\.0\.1 is not public/,
    )
  })
})
