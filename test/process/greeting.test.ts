import { expect, it } from 'vitest'
import { greeting, reachableAddresses } from '../../src/process/greeting.js'

const found = ['192.168.1.20', '10.0.0.7']

it('names the addresses of the network if the service listens on all', () => {
  const addresses = ['http://192.168.1.20:3000', 'http://10.0.0.7:3000']
  for (const host of ['0.0.0.0', '::'])
    expect(reachableAddresses('http://127.0.0.1:3000', host, found)).toEqual(addresses)
  expect(reachableAddresses('http://127.0.0.1:3000', '127.0.0.1', found)).toEqual(['http://127.0.0.1:3000'])
  expect(reachableAddresses('http://10.0.0.7:3000', '10.0.0.7', found)).toEqual(['http://10.0.0.7:3000'])
  expect(reachableAddresses('http://127.0.0.1:3000', '0.0.0.0', [])).toEqual(['http://127.0.0.1:3000'])
})

it('shows a request that the service accepts', () => {
  const open = greeting('http://127.0.0.1:3000', '127.0.0.1', false, found)
  expect(open).toContain("curl http://127.0.0.1:3000/jobs -H 'content-type")
  expect(open).not.toContain('authorization')
  const closed = greeting('http://127.0.0.1:3000', '0.0.0.0', true, found)
  expect(closed).toContain('curl http://192.168.1.20:3000/jobs -H "authorization: Bearer $DESCENT_KEY" -H')
  expect(closed).toContain('http://10.0.0.7:3000')
  expect(closed).not.toContain('127.0.0.1')
})
