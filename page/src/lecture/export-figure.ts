/** Figures as SVG and PNG files with the spec inside. */
import { saveFile } from '../components/save-file.js'
import { token } from '../theme.js'
import { withText } from './png-text.js'

/** What the style sheet of the page sets on drawn elements. */
const properties = [
  'fill',
  'fill-opacity',
  'stroke',
  'stroke-width',
  'stroke-dasharray',
  'stroke-linejoin',
  'stroke-linecap',
  'stroke-opacity',
  'shape-rendering',
  'paint-order',
  'font-family',
  'font-size',
  'font-weight',
]
/** Pixels of a PNG for each pixel on the screen. */
const density = 3
const namespace = 'http://www.w3.org/2000/svg'

/** The drawing as a separate document, with its styles, a background, and the spec in its metadata. */
function toSvg(drawing: SVGSVGElement, spec: object): string {
  const copy = drawing.cloneNode(true) as SVGSVGElement
  const originals = drawing.querySelectorAll('*')
  copy.querySelectorAll('*').forEach((element, index) => {
    const original = originals[index]
    if (original === undefined) return
    const style = getComputedStyle(original)
    for (const property of properties) {
      const value = style.getPropertyValue(property)
      if (value !== '') element.setAttribute(property, value)
    }
  })
  const background = document.createElementNS(namespace, 'rect')
  background.setAttribute('width', '100%')
  background.setAttribute('height', '100%')
  background.setAttribute('fill', token('--surface'))
  const metadata = document.createElementNS(namespace, 'metadata')
  metadata.textContent = JSON.stringify(spec)
  copy.prepend(metadata, background)
  copy.setAttribute('xmlns', namespace)
  return new XMLSerializer().serializeToString(copy)
}

export function saveSvg(name: string, drawing: SVGSVGElement, spec: object): void {
  saveFile(`${name}.svg`, 'image/svg+xml', toSvg(drawing, spec))
}

export async function savePng(name: string, drawing: SVGSVGElement, spec: object): Promise<void> {
  const image = new Image()
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(toSvg(drawing, spec))}`
  await image.decode()
  const { width, height } = drawing.viewBox.baseVal
  const canvas = document.createElement('canvas')
  canvas.width = width * density
  canvas.height = height * density
  canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height)
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/png'))
  if (blob === null) return
  const png = new Uint8Array(await blob.arrayBuffer())
  saveFile(`${name}.png`, 'image/png', withText(png, 'Descent-Spec', JSON.stringify(spec)))
}
