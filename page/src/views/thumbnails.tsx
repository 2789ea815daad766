/** Some pictures of a dataset with their classes. */
import type { Dataset, Preview } from '../api/types.js'
import { useQuery } from '../components/use-query.js'
import { PixelPicture } from '../draw/pixel-picture.js'
import { short } from '../format.js'

const shownPictures = 18

type Cells = Preview['sample'][number]

interface Picture {
  pixels: number[]
  label: string
}

/** Pictures at equal distances, because the rows of an archive are in the order of their classes. */
export function DatasetThumbnails({ dataset }: { dataset: Dataset }) {
  const { id, rows, columns } = dataset
  const count = Math.min(shownPictures, rows)
  const found = useQuery(id, async (client) => {
    const offsets = Array.from({ length: count }, (_, index) => Math.floor((index * rows) / count))
    const pages = await Promise.all(
      offsets.map((offset) =>
        client.request('GET /datasets/{id}/rows', { path: { id }, query: { offset, limit: 1 } }),
      ),
    )
    return pages.flatMap(({ data }) => data.map((cells) => toPicture(cells, columns)))
  })
  return <Thumbnails image={dataset.image} columns={columns} pictures={found.value ?? []} />
}

export function PreviewThumbnails({ preview }: { preview: Preview }) {
  const { sample, columns, image } = preview
  const pictures = sample.slice(0, shownPictures).map((cells) => toPicture(cells, columns))
  return <Thumbnails image={image} columns={columns} pictures={pictures} />
}

/** Rows have no cells for ignored columns. */
function toPicture(cells: Cells, columns: Dataset['columns']): Picture {
  const kept = columns.filter(({ type }) => type !== 'ignored')
  const valuesOf = (role: 'feature' | 'target') => cells.filter((_, index) => kept[index]?.role === role)
  const label = valuesOf('target').map((value) => (typeof value === 'number' ? short(value) : String(value)))
  return { pixels: valuesOf('feature').map(Number), label: label.join(', ') }
}

function Thumbnails({
  image,
  columns,
  pictures,
}: Pick<Dataset, 'image' | 'columns'> & { pictures: Picture[] }) {
  if (image === null) return null
  const isBright = columns.some(({ role, max }) => role === 'feature' && (max ?? 0) > 1)
  return (
    <ul class="thumbnails" aria-label="Some pictures of the dataset">
      {pictures.map(({ pixels, label }, index) => (
        <li key={index}>
          <PixelPicture
            size={image}
            pixels={pixels}
            white={isBright ? 255 : 1}
            label={`Picture of ${label}`}
          />
          <span aria-hidden="true">{label}</span>
        </li>
      ))}
    </ul>
  )
}
