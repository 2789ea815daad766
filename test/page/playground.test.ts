/** The playground: drawn points, epochs, links, and what it says of settings that cannot learn. */
import type { Page } from 'playwright-core'
import { afterEach, describe, expect, it } from 'vitest'
import { browserSuite, hasChromium } from '../support/browser.js'
import { cornerColours } from '../support/corner-colours.js'

const suite = browserSuite()
afterEach(() => expect(suite.failures).toEqual([]))

const slider = (page: Page) => page.getByRole('slider', { name: 'Epoch', exact: true })
const train = (page: Page) => page.getByRole('button', { name: 'Train', exact: true })

/** Opens the page without replays, which take seconds. */
async function openStill(address: string): Promise<Page> {
  const page = await suite.openAlone(address)
  await page.emulateMedia({ reducedMotion: 'reduce' })
  return page
}

/** The colours of the plot at fractions of its width and height. */
async function coloursAt(page: Page, places: readonly (readonly [number, number])[]): Promise<string[]> {
  return page.evaluate(`
    const canvas = document.querySelector('.boundary canvas')
    const at = ([x, y]) => canvas.getContext('2d').getImageData(canvas.width * x, canvas.height * y, 1, 1).data
    const pixels = ${JSON.stringify(places)}.map(at)
    pixels.map(([red, , blue]) => (blue > red ? 'blue' : 'orange'))
  `)
}

describe.skipIf(!hasChromium)('the examples of the playground', () => {
  it('show that a perceptron cannot learn XOR', { timeout: 60_000 }, async () => {
    const page = await openStill('#/playground')
    await page.getByRole('button', { name: 'Perceptron on XOR' }).click()
    await page.locator('canvas[data-epoch="12"]').waitFor({ timeout: 30_000 })
    expect(await cornerColours(page)).not.toEqual(['blue', 'orange', 'orange', 'blue'])
    await page
      .getByText(/The trained network classifies [0-3] of 4 points correctly.*No straight line separates XOR/)
      .waitFor()
    await page.getByRole('button', { name: 'Perceptron on AND' }).click()
    await page.getByText('All points are classified correctly').waitFor({ timeout: 30_000 })
    // The plot may update after the text.
    await expect.poll(() => cornerColours(page)).toEqual(['blue', 'blue', 'blue', 'orange'])
    await page.getByRole('button', { name: 'Two layers on XOR' }).click()
    await page.locator('canvas[data-epoch="500"]').waitFor({ timeout: 30_000 })
    expect(await cornerColours(page)).toEqual(['blue', 'orange', 'orange', 'blue'])
    // No network without a hidden layer, and no rate of 1, remains for other data.
    await page.getByRole('button', { name: 'Perceptron on XOR' }).click()
    await page.getByLabel('Dataset').selectOption('moons')
    await page.getByText(/were reset to 8 hidden units.*the perceptron takes truth tables/).waitFor()
  })
})

describe.skipIf(!hasChromium)('inputs that are computed', () => {
  it('separate circles without a hidden layer, and are part of the link', { timeout: 60_000 }, async () => {
    const page = await openStill('#/playground/data=circles;noise=0.05;layers=none;rate=0.1;epochs=200')
    const [square1, square2] = ['x₁²', 'x₂²'].map((name) => page.getByRole('button', { name, exact: true }))
    await square1.click()
    await square2.click()
    expect(await page.getByRole('button', { pressed: true, name: /x/ }).allTextContents()).toEqual([
      'x₁²',
      'x₂²',
    ])
    await page.getByText('4 numbers').waitFor()
    await expect.poll(() => page.url()).toContain('features=x1x1-x2x2')
    await train(page).click()
    await page.locator('canvas[data-epoch="200"]').waitFor({ timeout: 30_000 })
    await page.getByText(/classifies (19\d|200) of 200|All points are classified correctly/).waitFor()
    const places = [0.03, 0.5, 0.97].map((x) => [x, 0.5] as const)
    const [left, middle, right] = await coloursAt(page, places)
    expect([left === right, left === middle]).toEqual([true, false])
    // Four inputs and one output have a map each.
    expect(await page.locator('.unit-map canvas').count()).toBe(5)
    await page.getByText('Weights as numbers').click()
    expect(await page.locator('.drawing-card th[scope="col"]').allTextContents()).toEqual([
      ...['Unit', 'x₁', 'x₂', 'x₁²', 'x₂²', 'bias'],
    ])
    await page.reload()
    await page.getByText('4 numbers').waitFor()
    await page.getByLabel('Dataset').selectOption('sine')
    expect(await page.getByRole('button', { name: /^(sin )?x/ }).allTextContents()).toEqual(['x₁²', 'sin x₁'])
    await page.getByText('2 numbers').waitFor()
  })
})

describe.skipIf(!hasChromium)('a training of the playground', () => {
  it('has the same bytes as before with the same seed, and others with another', {
    timeout: 60_000,
  }, async () => {
    const page = await openStill('#/playground/data=moons;epochs=40;seed=3')
    await train(page).click()
    const hash = page.getByText(/The SHA-256 of the weights/)
    await hash.getByText('Train again with the same seed to get the same bytes.').waitFor({ timeout: 30_000 })
    const first = await hash.locator('code').textContent()
    await page.getByRole('button', { name: 'Train again' }).click()
    await hash.getByText('the same bytes as in the earlier run').waitFor({ timeout: 30_000 })
    expect(await hash.locator('code').textContent()).toBe(first)
    await page.getByLabel('Seed', { exact: true }).fill('4')
    await page.getByRole('button', { name: 'Train again' }).click()
    await expect.poll(() => hash.locator('code').textContent(), { timeout: 30_000 }).not.toBe(first)
    await hash.getByText('Train again with the same seed').waitFor()
  })

  const refused = process.env.LONG_TESTS === undefined ? ['sgd'] : ['sgd', 'adam']
  it.each(refused)('says what a rate of 1000 did with %s', { timeout: 60_000 }, async (optimizer) => {
    const page = await openStill(`#/playground/data=moons;opt=${optimizer};rate=1000;epochs=100`)
    await train(page).click()
    const finding = page.locator('.progress-card .notice', { hasText: /learning rate/i })
    await finding.first().waitFor({ timeout: 30_000 })
    expect(await finding.first().textContent()).toMatch(/smaller learning rate|learning rate of|lower/i)
  })
})

/** 60 rows: the class is whether weight exceeds 50 times height. Another column says nothing. */
const people = ['height,weight,shoe,kind']
for (let row = 0; row < 60; row++) {
  const [height, weight] = [1.5 + (row % 10) / 20, 60 + 7 * Math.floor(row / 10)]
  people.push(`${height},${weight},${36 + (row % 7)},${weight > 50 * height ? 'heavy' : 'light'}`)
}
const csv = (name: string, lines: readonly string[]) => ({
  name,
  mimeType: 'text/csv',
  buffer: Buffer.from(`${lines.join('\n')}\n`),
})

describe.skipIf(!hasChromium)('an own file', () => {
  it('is drawn over two of its columns, trained on, and linked', { timeout: 60_000 }, async () => {
    const page = await openStill('#/playground')
    await page.getByLabel('Dataset').selectOption('file')
    await page.getByText('Choose a file first.').waitFor()
    expect(await train(page).isDisabled()).toBe(true)
    await page.getByLabel('File with columns and a header').setInputFiles(csv('people.csv', people))
    await page.getByLabel('Target').waitFor()
    expect(await page.getByLabel('Horizontal').inputValue()).toBe('height')
    expect(await page.getByLabel('Vertical').inputValue()).toBe('weight')
    expect(await page.getByLabel('Target').inputValue()).toBe('kind')
    await page.getByRole('button', { name: 'Use these columns' }).click()
    await page.getByText('people: 60 rows, kind by height and weight.').waitFor()
    await train(page).click()
    await page.getByText(/All points are classified|classifies 5\d of 60 points/).waitFor({ timeout: 30_000 })
    const copy = await openStill(new URL(page.url()).hash)
    await copy.getByText('people: 60 rows, kind by height and weight.').waitFor()
  })

  it('has a curve over one column', { timeout: 60_000 }, async () => {
    const lines = Array.from({ length: 40 }, (_, row) => `${row * 25},${1000 + 3 * row}.5`)
    const page = await openStill('#/playground')
    await page.getByLabel('Dataset').selectOption('file')
    await page.getByLabel('File with columns and a header').setInputFiles(csv('line.csv', ['x,y', ...lines]))
    await page.getByRole('button', { name: 'Use these columns' }).click()
    await page.getByText('line: 40 rows, y by x.').waitFor()
    await train(page).click()
    await page.getByText(/Final loss/).waitFor({ timeout: 30_000 })
    await page
      .getByText('Fitted curve')
      .or(page.getByRole('img', { name: /curve/i }))
      .first()
      .waitFor()
  })

  it('is refused if it cannot be drawn', { timeout: 60_000 }, async () => {
    const page = await openStill('#/playground')
    await page.getByLabel('Dataset').selectOption('file')
    const input = page.getByLabel('File with columns and a header')
    await input.setInputFiles(csv('people.csv', people))
    await page.getByLabel('Vertical').selectOption('')
    await page.getByRole('button', { name: 'Use these columns' }).click()
    await page.getByText(/draws classes over two columns of numbers/).waitFor()
    const many = Array.from({ length: 1_001 }, (_, row) => `${row},${row % 9},${row % 2 === 0 ? 'a' : 'b'}`)
    await input.setInputFiles(csv('many.csv', ['x,y,c', ...many]))
    await page.getByRole('button', { name: 'Use these columns' }).click()
    await page.getByText(/many has 1001 rows, and the playground draws at most 1000/).waitFor()
    await input.setInputFiles(csv('broken.csv', ['a,b', '1,2,3,4']))
    await page.getByRole('alert').waitFor()
    // The browser may report the answer after the page.
    await expect.poll(() => suite.failures.length).toBe(1)
    expect(suite.failures.splice(0)).toEqual([expect.stringContaining('status of 422')])
  })
})

describe.skipIf(!hasChromium)('drawn points', () => {
  it('are clicked, trained on, and kept for the next visit', { timeout: 60_000 }, async () => {
    const page = await openStill('#/playground')
    await page.getByLabel('Dataset').selectOption('points')
    const canvas = page.locator('.boundary canvas')
    const box = await canvas.boundingBox()
    if (box === null) throw new Error('no canvas')
    const click = (x: number) => canvas.click({ position: { x: x * box.width, y: 0.5 * box.height } })
    for (const x of [0.2, 0.25, 0.3]) await click(x)
    await page.getByRole('button', { name: '■ second' }).click()
    for (const x of [0.7, 0.75, 0.8]) await click(x)
    await page.getByText('6 points so far').waitFor()
    await train(page).click()
    await page.getByText('All points are classified correctly').waitFor({ timeout: 30_000 })
    await page.getByRole('link', { name: 'Open run' }).click()
    await page.getByRole('heading', { name: 'Playground: Custom points' }).waitFor()
    // The same points, settings and run.
    await page.getByRole('link', { name: 'Playground', exact: true }).click()
    await page.getByText('6 points so far').waitFor()
    await page.getByText('All points are classified correctly').waitFor()
    // The points outlive the tab.
    const other = await page.context().newPage()
    await other.goto(`${suite.service().url}/#/playground`)
    await other.getByLabel('Dataset').selectOption('points')
    await other.getByText('6 points so far').waitFor()
  })

  it('are entered by their coordinates', { timeout: 60_000 }, async () => {
    const page = await openStill('#/playground')
    await page.getByLabel('Dataset').selectOption('points')
    const addPoint = async (x: string, y: string) => {
      await page.getByLabel('x', { exact: true }).fill(x)
      await page.getByLabel('y', { exact: true }).fill(y)
      await page.getByRole('button', { name: 'Add point' }).press('Enter')
    }
    await addPoint('-0.5', '0.5')
    await page.getByRole('button', { name: '■ second' }).press('Enter')
    await addPoint('0.5', '0.5')
    await page.getByText('2 points so far').waitFor()
    await page.getByLabel('x', { exact: true }).fill('3')
    expect(await page.getByRole('button', { name: 'Add point' }).isDisabled()).toBe(true)
    await train(page).press('Enter')
    await page.getByText('All points are classified correctly').waitFor({ timeout: 30_000 })
    const places = [
      [0.35, 0.5],
      [0.65, 0.5],
    ] as const
    await expect.poll(() => coloursAt(page, places)).toEqual(['blue', 'orange'])
  })
})

describe.skipIf(!hasChromium)('the epochs', () => {
  it('go one by one, and to any that is not stored', { timeout: 60_000 }, async () => {
    const page = await openStill('#/playground/data=moons;noise=0.2;layers=tanh4;epochs=300')
    expect(await page.getByLabel('Dataset').inputValue()).toBe('moons')
    const step = page.getByRole('button', { name: 'Step' })
    await step.click()
    await page.locator('canvas[data-epoch="1"]').waitFor({ timeout: 30_000 })
    await page.getByText('succeeded').waitFor({ timeout: 30_000 })
    // Two inputs, four units and one output: eight weights and four.
    expect(await page.locator('.network-maps path:is(.positive, .negative)').count()).toBe(12)
    expect(await page.locator('.network-maps canvas').count()).toBe(7)
    await page.getByText('Weights as numbers').click()
    const weight = page.getByRole('table', { name: 'Output, sigmoid' }).getByRole('cell').first()
    const initial = await weight.textContent()
    await step.click()
    await page.locator('canvas[data-epoch="2"]').waitFor()
    // The service stores few of so late epochs, and computes the others.
    await slider(page).fill('257')
    await page.locator('canvas[data-epoch="257"]').waitFor({ timeout: 30_000 })
    await expect.poll(() => weight.textContent()).not.toBe(initial)
    await slider(page).press('ArrowRight')
    await page.locator('canvas[data-epoch="258"]').waitFor({ timeout: 30_000 })
    await page.getByRole('button', { name: 'Replay training' }).click()
    await page.locator('canvas[data-epoch="300"]').waitFor({ timeout: 30_000 })
    expect(await step.isDisabled()).toBe(true)
    await page.getByRole('button', { name: 'Reset' }).click()
    await train(page).waitFor()
  })
})

describe.skipIf(!hasChromium)('the link to the playground', () => {
  it('has the settings, and reports values that it cannot read', { timeout: 60_000 }, async () => {
    const page = await openStill('#/playground/data=circles;rate=fast;epochs=40;speed=9')
    await page.getByText('rate=fast, speed=9').waitFor()
    await page.getByLabel('Learning rate').fill('0.25')
    await page.getByRole('button', { name: 'Next seed' }).click()
    await expect.poll(() => page.url()).toMatch(/data=circles;.*rate=0\.25;.*epochs=40;seed=2$/)
    const other = await openStill(new URL(page.url()).hash)
    expect(await other.getByLabel('Learning rate').inputValue()).toBe('0.25')
    expect(await other.getByLabel('Seed').inputValue()).toBe('2')
    // An address that is entered later is read, too.
    await other.evaluate("location.hash = '#/playground/data=xor;rate=0.5'")
    await expect.poll(() => other.getByLabel('Learning rate').inputValue()).toBe('0.5')
  })
})
